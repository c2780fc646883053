"""Forms: what a report asks, as versioned data.

A form is a JSON Schema of the answers, a layout in the names of Altinn 3's components, rules in
Altinn's expression language, and texts per language. Reports call `rules.evaluation` to know what
is visible, required and computed.
"""
