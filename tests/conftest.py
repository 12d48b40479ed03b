"""Settings of every test: the IR is verified after each step, and Hypothesis is repeatable.

`--hypothesis-profile=quick` runs fewer examples, `--hypothesis-profile=long` many and new ones.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

os.environ.setdefault("EQSAT_CHECK", "1")

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile(
    "standard",
    derandomize=True,
    deadline=None,
    max_examples=30,
    suppress_health_check=SLOW,
    # One bug at a time, and no search for what else it depends on: each takes minutes where examples compile.
    report_multiple_bugs=False,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
settings.register_profile("quick", settings.get_profile("standard"), max_examples=8)
settings.register_profile("long", settings.get_profile("standard"), derandomize=False, max_examples=2000)
settings.load_profile("standard")
