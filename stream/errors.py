"""Every error that Shoal raises on purpose.

ShoalError
├── ConfigError      a setting is missing, unknown or out of range; says what would have been right
├── InputError       a file cannot be read, or is not what its name says
├── BrokerError      Kafka cannot be reached, or a topic is not as it has to be
│   └── SilenceError Kafka did not answer for as long as a worker waits
├── StateError       stored state is damaged, or of a version that this release does not know
├── CapacityError    what has to be held at once is more than the memory that a worker was given
└── StallError       a worker stands still although there is work; a restart is the cure

Bad records are no errors: they become rejects (`stream.event.decode.Reject`), are counted by reason
and stop nothing.
"""


class ShoalError(Exception):
    """Anything a user can mend; the command line prints it as one line and exits non-zero."""


class ConfigError(ShoalError):
    """A setting is missing, unknown or out of range."""


class InputError(ShoalError):
    """A file cannot be read, or is not what its name says."""


class BrokerError(ShoalError):
    """Kafka cannot be reached, or a topic is not as it has to be."""


class SilenceError(BrokerError):
    """Kafka did not answer for as long as a worker waits."""


class StateError(ShoalError):
    """Stored state is damaged, or of a version that this release does not know."""


class CapacityError(ShoalError):
    """What has to be held at once is more than the memory that a worker was given."""


class StallError(ShoalError):
    """A worker stands still although there is work; a restart is the cure."""
