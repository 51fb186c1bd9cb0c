"""Shoal: a streaming detector of coordinated abuse of model APIs.

Read the folders downward and they tell the way of an event:
``event`` and ``sources`` (a gateway's record becomes the one event), ``windows`` (rolling state),
``links`` (what accounts can share), ``evidence`` (what a shared thing says), ``learning`` (what is
normal here), ``stages`` (the four stations), ``findings`` (what is said), ``runtime`` (what drives
the stations), ``simulate`` and ``bench`` (worlds to measure against) and ``cli`` on top of all.
"""

__version__ = "0.1.0"
