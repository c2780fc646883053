"""Figures with every vintage, the gate that accepts them, and their withdrawal.

Others may call `commands.post_figures` and `commands.withdraw_figures`. `auditing` compares what is
kept with the audit log, and `restoring` brings figures and their topic together after a restore.
"""
