"""A process of its own that checks programs: it survives compiled code that crashes or never ends.

Called by `eqsat.testing.fuzz`.
"""

from __future__ import annotations

import multiprocessing
import traceback
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from eqsat.testing.checking import Compiler, Verdict, judge
from eqsat.testing.functions import RandomFunction


class Isolated:
    """Checks programs with a compiler that has a name in a module. Close it after use, or use it with `with`."""

    def __init__(self, compiler: Compiler, seconds: float = 60) -> None:
        self._compiler, self._seconds = compiler, seconds
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> Isolated:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = self._connection = None

    def judge(self, program: RandomFunction) -> list[Verdict]:
        """The verdicts on the program's calls; a crash is a failure like others."""
        connection = self._connection or self._start()
        connection.send((program.source, program.arguments))
        try:
            if connection.poll(self._seconds):
                return connection.recv()
            found = Verdict("failed", f"no answer after {self._seconds:g} s", sort="no answer")
        except EOFError:
            assert self._process is not None
            self._process.join()
            found = Verdict("failed", f"the process ended with code {self._process.exitcode}", sort="crash")
        self.close()
        return [found]

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        mine, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self._compiler), daemon=True)
        self._process.start()
        theirs.close()
        self._connection = mine
        return mine


def serve(connection: Connection, compiler: Compiler) -> None:
    """What the process does: judge the programs that come."""
    while True:
        try:
            source, arguments = connection.recv()
        except EOFError:
            return
        try:
            verdicts = judge(RandomFunction(source, arguments), compiler)
        except Exception as error:
            verdicts = [Verdict("failed", traceback.format_exc(limit=-6), sort=type(error).__name__)]
        connection.send(verdicts)
