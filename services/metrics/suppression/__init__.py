"""Which figures must not be shown, because too few persons stand behind them.

Others ask `rules.is_small`.
"""
