"""Decode speed: only where the stamps can tell it."""

from milo_tui.endpoints.endpoint import Clock

SECOND = 1_000_000_000


def test_decode_speed_is_tokens_over_the_time_between_first_and_last_delta() -> None:
    clock = Clock(0)
    clock.saw("reasoning", SECOND)
    clock.saw("tool call", 3 * SECOND)
    assert clock.decode_speed(41) == 20.0


def test_calls_that_came_whole_after_silence_tell_no_speed() -> None:
    clock = Clock(0)
    clock.saw("tool call", 5 * SECOND)
    clock.saw("tool call", 5 * SECOND + SECOND // 10)
    assert clock.decode_speed(60) is None


def test_one_delta_or_no_count_tells_no_speed() -> None:
    clock = Clock(0)
    clock.saw("text", SECOND)
    assert clock.decode_speed(10) is None
    clock.saw("text", 2 * SECOND)
    assert clock.decode_speed(None) is None
    assert clock.decode_speed(11) == 10.0
