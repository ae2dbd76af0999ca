"""Held against other people's programs, where these are installed; never a part of the default run's demands.

BFCL's checker: `pip install --no-deps --target DIR bfcl-eval`, then `PYTHONPATH=DIR pytest tests/oracle -rA`.
Without it these tests are skipped, and tests/suite/test_bfcl_rules.py holds the same rules against a sample of
its verdicts. `PYTHONPATH=DIR python -m tests.oracle.make_sample` makes that sample anew.
"""
