"""What pages for people share: layout, design tokens, assets served by ourselves, languages. Knows
no service.
"""
