"""The rules of forms: expressions, the layout that they speak of, and what is wrong with both.

`evaluation` works expressions out, `layout` knows components, rows and what is hidden, `checking`
finds faults before anybody fills a form in.
"""
