"""The parts of the door to difreg: what is open, and the verbs that keep, take in and ask."""
