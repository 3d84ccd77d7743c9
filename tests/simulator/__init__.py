"""The suite's provider: both vendors' wires over real HTTP, with pace and faults by request.

A test puts ``str(Script(...))`` into the question or the model's name, and computes what must
come out of it from the same script.
"""

from .alphabet import text
from .client import Simulator, simulator_in_thread, simulator_process
from .script import FAULTS, Script

__all__ = ["FAULTS", "Script", "Simulator", "simulator_in_thread", "simulator_process", "text"]
