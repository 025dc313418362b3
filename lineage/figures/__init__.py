"""Figures: pure functions from the library's answers to Plotly, and the one-file pages that hold them."""
