"""The rules of series, in whole numbers.

`amounts` exact arithmetic · `figures` vintages and what is in force · `stretch` sums over periods ·
`rolling` the step rule · `windows` windows and their rates · `reach` which states a figure may
change · `rows` what is kept · `plans` what is to be worked out.
"""
