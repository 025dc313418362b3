"""The frozen, numbered backgrounds that ship with difreg (numbers only; see ``docs/background.md``)."""
