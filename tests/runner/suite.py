"""A suite of two prompts, small enough to say what every score must be."""

from pathlib import Path

from milo_tui.suite.loading import load_suite
from milo_tui.suite.prompt import Suite

_SUITE = """\
name: small
version: 1
title: Small
categories:
  - {id: one, title: One}
  - {id: two, title: Two}
"""

_LOOK_UP = """\
id: one/look_up
title: Look one thing up
user: How many crates are in bay 7? Use the tool.
tools:
  - name: count_crates
    description: Count the crates in a bay.
    parameters: {type: object, properties: {bay: {type: integer}}, required: [bay], additionalProperties: false}
    replies:
      - {when: {bay: 7}, result: {crates: 412}}
reference:
  - call: {count_crates: {bay: 7}}
  - say: There are 412 crates in bay 7.
checks:
  - {title: calls the tool, calls: [{count_crates: {bay: {$anything: true}}}]}
  - {title: with the bay, calls: [{count_crates: {bay: 7}}]}
  - {title: reports the count, answer: {contains_all: [412]}}
"""

_MOVE = """\
id: two/move
title: Move what was found
user: Find the crate labelled KX-93 and move it to dock 4.
max_turns: 4
tools:
  - name: find_crate
    description: Find a crate by its label.
    parameters: {type: object, properties: {label: {type: string}}, required: [label], additionalProperties: false}
    replies:
      - {when: {label: KX-93}, result: {crate: 5521}}
  - name: move_crate
    effect: true
    description: Move a crate to a dock.
    parameters:
      type: object
      properties: {crate: {type: integer}, dock: {type: integer}}
      required: [crate, dock]
      additionalProperties: false
    replies:
      - {when: {crate: 5521}, result: {moved: true}}
reference:
  - call: {find_crate: {label: KX-93}}
  - call: {move_crate: {crate: 5521, dock: 4}}
  - say: Crate KX-93 is at dock 4.
checks:
  - {title: finds the crate first, calls: [{find_crate: {label: KX-93}}], before: move_crate}
  - {title: moves it once, effects: [{move_crate: {crate: 5521, dock: 4}}]}
  - {title: reports the dock, answer: {contains_all: [4]}}
"""


def small_suite(folder: Path) -> Suite:
    """Write the suite into `folder` and load it."""
    for name, text in (("suite.yaml", _SUITE), ("one/look_up.yaml", _LOOK_UP), ("two/move.yaml", _MOVE)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_suite(folder)
