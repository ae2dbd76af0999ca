"""Decode speed: only where the stamps can tell it."""

from milo_tui.endpoints.endpoint import Clock, DeltaKind

SECOND = 1_000_000_000


def test_decode_speed_is_tokens_over_the_time_between_first_and_last_delta() -> None:
    clock = Clock(0)
    clock.saw(DeltaKind.REASONING, SECOND)
    clock.saw(DeltaKind.TOOL_CALL, 3 * SECOND)
    assert clock.decode_speed(41) == 20.0


def test_calls_that_came_whole_after_silence_tell_no_speed() -> None:
    clock = Clock(0)
    clock.saw(DeltaKind.TOOL_CALL, 5 * SECOND)
    clock.saw(DeltaKind.TOOL_CALL, 5 * SECOND + SECOND // 10)
    assert clock.decode_speed(60) is None


def test_one_delta_or_no_count_tells_no_speed() -> None:
    clock = Clock(0)
    clock.saw(DeltaKind.TEXT, SECOND)
    assert clock.decode_speed(10) is None
    clock.saw(DeltaKind.TEXT, 2 * SECOND)
    assert clock.decode_speed(None) is None
    assert clock.decode_speed(11) == 10.0
