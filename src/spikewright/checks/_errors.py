"""The errors that a user is meant to read: each is one line that says what to do."""


class SpikewrightError(ValueError):
    """Something given to Spikewright cannot be used; the message names it, what is wrong and what to do."""


class DataError(SpikewrightError):
    """A data file or data set is missing, damaged or not what it claims to be."""


class ModelError(SpikewrightError):
    """A network or a model file cannot be built, read or run as it is."""
