"""Damaged and hostile files for every reader: in `make test` by Hypothesis, for as long as one likes by `make fuzz`."""
