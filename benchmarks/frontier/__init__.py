"""What nobody can do yet: each question with its control, one JSON line a figure; ``docs/frontier.md`` reads them."""
