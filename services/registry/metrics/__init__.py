"""What is measured, as data: the built-in metrics and those that programmes bring.

A metric's kind, unit, windows and axes never change, because figures are kept under them; what
means something else is another metric. Projects look metrics up to judge the goals they set.
"""
