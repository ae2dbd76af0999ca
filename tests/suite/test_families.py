"""Milo-Bench's families: what each variant expects, worked out anew from what the model is shown.

Nothing here reads the files' expressions: requests are parsed and tool data added up by plain Python.
"""

import json
import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from milo_tui.config import data_folder
from milo_tui.suite.loading import load_suite
from milo_tui.suite.prompt import Prompt

SUITE = load_suite(data_folder("prompts") / "milo")
NUMBERS = range(0, 50, 3)
Calls = list[tuple[str, dict[str, Any]]]
WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()


def calls(prompt: Prompt) -> Calls:
    """The reference's calls."""
    return [call for step in prompt.reference for call in step.made]


def last(prompt: Prompt) -> dict[str, Any]:
    """The arguments of the reference's last call."""
    return calls(prompt)[-1][1]


def said(prompt: Prompt) -> str:
    return prompt.reference[-1].say or ""


def results(prompt: Prompt, tool: str) -> list[Any]:
    """All that a tool may answer, but errors."""
    found = prompt.tool(tool)
    assert found is not None
    return [reply.result for reply in found.replies if reply.error is None]


def replied(prompt: Prompt, tool: str, **when: Any) -> Any:
    """What a tool answers to these arguments."""
    found = prompt.tool(tool)
    assert found is not None
    return next(reply.result for reply in found.replies if reply.when == when)


def day(text: str) -> date:
    return datetime.strptime(text, "%d %B %Y").date()


def found(pattern: str, text: str) -> tuple[str, ...]:
    match = re.search(pattern, " ".join(text.split()))
    assert match is not None, (pattern, text)
    return match.groups()


def cents(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:5])


def clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def month_on(start: date, months: int) -> date:
    index = start.year * 12 + start.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def deicing_shift(prompt: Prompt) -> None:
    today, team, start, hours, people, first, second = found(
        r"Today is \w+, (\d+ \w+ \d+)\..* for the (\S+) team .*starts at (.+) in the morning and lasts (\w+) and a "
        r"half hours\. We need (\w+) people, each of them licensed for (.+) and for (.+?)\. No",
        prompt.user,
    )
    friday = month_on(day(today), 3) - timedelta(days=1)
    while friday.weekday() != 0:
        friday -= timedelta(days=1)
    friday -= timedelta(days=3)
    assert friday.weekday() == 4
    past, side, hour = found(r"(.+) (past|to) (\w+)", start)
    offset = {"a quarter": 15, "half": 30, "twenty": 20, "ten": 10, "twenty-five": 25}[past]
    begins = WORDS.index(hour) * 60 + (offset if side == "past" else -offset)
    codes = {"type IV fluid": "type_4_fluid", "type I fluid": "type_1_fluid", "high-lift work": "high_lift"}
    codes |= {"airside driving": "airside_driving", "the radio": "radio"}
    assert last(prompt) == {
        "team": team.replace("-", ""),
        "date": friday.isoformat(),
        "start": clock(begins),
        "minutes": WORDS.index(hours) * 60 + 30,
        "headcount": WORDS.index(people),
        "licences": [codes[first], codes[second]],
        "overtime_allowed": False,
    }
    assert results(prompt, "open_shift")[0]["reference"] in said(prompt)


def library_hold(prompt: Prompt) -> None:
    item, card, branch = found(r"item (\S+), on my card (\d+ \d+), .* branch on (.+?)\. Thank", prompt.user)
    assert last(prompt) == {
        "card_number": card.replace(" ", ""),
        "item_id": item,
        "pickup_branch": branch.lower().replace(" ", "_"),
    }
    hold = results(prompt, "place_hold")[0]
    assert hold["hold_number"] in said(prompt)
    assert f"position {hold['queue_position']} " in said(prompt)


def museum_loan(prompt: Prompt) -> None:
    lines = prompt.user.split("\n- ")
    borrower, contact, email, start, weeks = found(
        r"to the (.+?)\. Their contact is (.+?), (\S+)\. The loan begins on Monday, (\d+ \w+ \d+) and ends exactly "
        r"(\w+) ",
        lines[0],
    )
    begins = day(start)
    assert begins.weekday() == 0
    objects: list[dict[str, Any]] = []
    for line in lines[1:]:
        if "withdrew" in line:
            continue
        number = line.split(",")[0]
        if "as much as the sextant" in line:
            value = objects[0]["insured_value_eur"] * (2 if "twice" in line else 3)
        else:
            value = int(found(r"EUR ([\d,]+)", line)[0].replace(",", ""))
        objects.append(
            {
                "accession_no": number,
                "insured_value_eur": value,
                "climate_crate": "no climate crate" not in line,
            }
        )
    ends = begins + timedelta(weeks=WORDS.index(weeks))
    assert last(prompt) == {
        "borrower": {"institution": borrower, "contact": {"name": contact, "email": email}},
        "period": {"from": begins.isoformat(), "to": ends.isoformat()},
        "objects": objects,
    }
    assert len(objects) == 3


def well_flow(prompt: Prompt) -> None:
    (well,) = found(r"at well (\S+),", prompt.user)
    assert last(prompt) == {"well": well, "channel": "flow"}
    reading = replied(prompt, "read_logger", well=well, channel="flow")
    true = Decimal(str(reading["raw_l_per_min"])) - Decimal(str(reading["zero_offset_l_per_min"]))
    assert reading["zero_offset_l_per_min"] < 0
    assert f" {cents(true * 60 / 1000)} m³/h" in said(prompt)


def consignment_status(prompt: Prompt) -> None:
    (number,) = found(r"consignment (\S+) right", prompt.user)
    assert last(prompt) == {"consignment_no": number}
    live = results(prompt, "get_consignment_status")[0]
    arrival = datetime.fromisoformat(live["expected_at_destination"])
    for fact in (live["position"].split(" transfer")[0], f"{arrival.day} September 2026", f"{arrival:%H:%M}"):
        assert fact in said(prompt)
    others = (
        results(prompt, "search_consignments")[0]["hits"][0]["expected"],
        results(prompt, "get_route_plan")[0]["planned_arrival"],
    )
    assert live["expected_at_destination"] not in others


def high_waters(prompt: Prompt) -> None:
    text, *ports = found(
        r"For (\d+ \w+ \d+), .* at (.+) \((\w+)\), (.+) \((\w+)\) and (.+) \((\w+)\)\?", prompt.user
    )
    names = dict(zip(ports[1::2], ports[::2], strict=True))
    when = day(text).isoformat()
    assert calls(prompt) == [("get_tide_table", {"port": port, "date": when}) for port in names]
    second = {}
    for port in names:
        tides = replied(prompt, "get_tide_table", port=port, date=when)["tides"]
        second[port] = [cents(tide["height_m"]) for tide in tides if tide["kind"] == "high"][1]
        assert f"{names[port]} {second[port]} m" in said(prompt)
    gap = 100 * (max(second.values()) - min(second.values()))
    assert f" {gap:.0f} cm" in said(prompt)


def move_room_booking(prompt: Prompt) -> None:
    (extension,) = found(r"extension (\d+)\.", prompt.system or "")
    booking, start, end, new_start, new_end = found(
        r"booking (\S+) .* from (\S+)–(\S+) to (\S+)–(\S+)\. Same", prompt.user
    )
    assert minute(new_end) - minute(new_start) == minute(end) - minute(start) > 0
    assert minute(start) < minute(new_start) < minute(end)
    assert calls(prompt) == []
    assert extension in said(prompt)
    assert prompt.tool("cancel_booking").replies[0].when == {"booking_id": booking}  # type: ignore[union-attr]


def patient_transport(prompt: Prompt) -> None:
    patient, when, pickup, address, unit = found(
        r"patient (\S+) on \w+, (\d+ \w+ \d+): .* at (\S+) from (.+) and brought to the (\w+) unit",
        prompt.user,
    )
    assert calls(prompt) == []
    assert f"the {unit} unit" in said(prompt)
    booked = next(step.made[0][1] for way in prompt.wrong for step in way.steps or [] if step.made)
    assert booked["patient_no"] == patient
    assert (booked["date"], booked["pickup_time"]) == (day(when).isoformat(), pickup)
    assert (booked["pickup_address"], booked["unit"]) == (address, unit)


def expense_payout(prompt: Prompt) -> None:
    employee, month, reference = found(
        r"employee (\S+)'s .* for (\w+ 2026), with the reference (\S+)\.", prompt.user
    )
    listed = replied(prompt, "list_expense_reports", employee_id=employee, month=f"{day('1 ' + month):%Y-%m}")
    total = claimed = Decimal(0)
    for id in listed["report_ids"]:
        report = replied(prompt, "get_expense_report", report_id=id)
        claimed += cents(report["claimed"])
        if report["state"] == "approved":
            rate = Decimal(str(report.get("eur_per_chf", 1)))
            total += cents(Decimal(str(report["approved"])) * rate)
    assert last(prompt) == {"employee_id": employee, "amount_eur": float(total), "reference": reference}
    assert results(prompt, "get_month_total")[0]["total_claimed"] == pytest.approx(float(claimed))
    assert f"{total:,.2f} euros" in said(prompt)


def night_tariff(prompt: Prompt) -> None:
    (customer,) = found(r"number is (\S+)\. How", prompt.user)
    listed = replied(prompt, "find_contracts", customer_no=customer)["contracts"]
    (code,) = [one["tariff_code"] for one in listed if one["state"] == "running"]
    assert len(listed) == 2
    bands = replied(prompt, "get_tariff", tariff_code=code)["bands"]
    night = next(band["cents_per_kwh"] for band in bands if band["band"] == "night")
    assert last(prompt) == {"tariff_code": code}
    assert f" {cents(night)} cents" in said(prompt)


def paprika_order(prompt: Prompt) -> None:
    today, wanted = found(r"Today is Monday, (\d+ \w+ \d+)\. Please top up (.+) to its", prompt.user)
    friday = day(today) + timedelta(days=4)
    assert friday.weekday() == 4
    kind, base = wanted.split()
    ingredients = results(prompt, "find_ingredient")[0]["ingredients"]
    stock = next(one for one in ingredients if one["name"] == f"{base}, {kind}")
    short = cents(stock["par_level_kg"]) - cents(stock["on_hand_kg"]) + cents(stock["reserved_kg"])
    offers = replied(prompt, "list_offers", sku=stock["sku"])["offers"]
    fit = [one for one in offers if not one["sold_out"] and date.fromisoformat(one["delivers_on"]) <= friday]
    best = min(fit, key=lambda one: one["price_eur"] / one["pack_kg"])
    cheaper = [
        one for one in offers if one["price_eur"] / one["pack_kg"] < best["price_eur"] / best["pack_kg"]
    ]
    assert len(cheaper) == 2
    packs = math.ceil(short / Decimal(str(best["pack_kg"])))
    assert last(prompt) == {"offer_id": best["offer_id"], "packs": packs}
    assert cents(packs * best["pack_kg"]) - short > cents(best["pack_kg"]) / 2


def vaccine_batch(prompt: Prompt) -> None:
    (batch,) = found(r"Batch (\S+) came", prompt.user)
    logger = replied(prompt, "get_batch", batch_no=batch)["logger_id"]
    spells = replied(prompt, "get_logger_trace", logger_id=logger)["spells"]
    lengths = [
        (datetime.fromisoformat(one["to"]) - datetime.fromisoformat(one["from"])).seconds // 60
        for one in spells
    ]
    total = sum(length for length, one in zip(lengths, spells, strict=True) if one["highest_c"] > 8.0)
    assert 31 <= total <= 40 < sum(lengths)
    assert max(lengths) <= 30
    assert calls(prompt)[-1] == ("quarantine_batch", {"batch_no": batch, "minutes_too_warm": total})
    assert f" {total} minutes" in said(prompt)


def building_inspection(prompt: Prompt) -> None:
    site, written, inspected = found(
        r"Report on (.+?), written on (\d+ \w+ \d+)\. Inspection on the Friday before, (\d+ \w+ \d+)\.",
        prompt.user,
    )
    assert day(inspected).weekday() == 4
    assert 0 < (day(written) - day(inspected)).days < 7
    many = {
        "half a dozen": 6,
        "a dozen": 12,
        "a score of": 20,
        "half a score of": 10,
        "a pair of": 2,
        "a couple of": 2,
    }
    many |= {word: place for place, word in enumerate(WORDS)}
    lamps, cracks, leaks = found(
        r"Second floor: (.+) lamps are dead.* Ground floor: (.+) hairline cracks .* does\. (\w+) radiators",
        prompt.user,
    )
    answer = json.loads(said(prompt))
    assert (answer["site"], answer["inspected_on"]) == (site, day(inspected).isoformat())
    counts = [[defect["count"] for defect in floor["defects"]] for floor in answer["floors"]]
    assert counts == [[1], [many[cracks], many[leaks.lower()]], [], [many[lamps], 1]]


def film_evening(prompt: Prompt) -> None:
    text, hall, start = found(r"(\d+ \w+ \d+), hall (\w), doors at \S+, first film at (\S+)\.", prompt.user)
    films = re.findall(r'"([^"]+)" \((\w+), (\d+) minutes\)', " ".join(prompt.user.split()))
    (dropped,) = found(r'print of "(.+)" has', prompt.user)
    shown = [film for film in films if film[0] != dropped]
    assert len(films) == len(shown) + 1 == 5
    total = sum(int(film[2]) for film in shown) + 12 * (len(shown) - 1)
    assert json.loads(said(prompt)) == {
        "code": f"NF-{day(text):%j}-{hall}",
        "films": [{"title": title, "minutes": int(length)} for title, _, length in shown],
        "languages": list(dict.fromkeys(film[1] for film in shown)),
        "start": start,
        "end": clock(minute(start) + total),
        "total_minutes": total,
    }
    assert minute(start) + total > 24 * 60


def lost_clarinet(prompt: Prompt) -> None:
    text, train, coach, seat, value = found(
        r"Tuesday, (\d+ \w+ \d+) .* on the (RX \d+) to .* in coach (\d+)\. .* moved to seat (\d+) at .* values it "
        r"at (\S+) today", prompt.user,
    )  # fmt: skip
    saturday = day(text) - timedelta(days=3)
    assert saturday.weekday() == 5
    assert json.loads(said(prompt)) == {
        "category": "instrument", "lost_on": saturday.isoformat(), "train": train, "coach": int(coach),
        "seat": int(seat), "value_eur": float(value), "has_name": False, "phone": None,
    }  # fmt: skip


def turbine_day(prompt: Prompt) -> None:
    turbine, text = found(r"turbine (\S+) for (\d+ \w+ \d+)\.", prompt.user)
    begin = datetime.combine(day(text), datetime.min.time())
    log = replied(prompt, "read_turbine_log", turbine=turbine, date=day(text).isoformat())
    faults = {}
    for event in log["events"]:
        if event["kind"] == "fault":
            low = max(begin, datetime.fromisoformat(event["from"]))
            high = min(begin + timedelta(days=1), datetime.fromisoformat(event["to"]))
            faults[event["code"]] = (high - low).seconds // 60
    energy = Decimal(log["meter_kwh"]["last"] - log["meter_kwh"]["first"]) / 1000
    assert json.loads(said(prompt)) == {
        "turbine": turbine, "date": day(text).isoformat(), "fault_codes": list(faults),
        "fault_minutes": sum(faults.values()), "longest_fault": max(faults, key=lambda code: faults[code]),
        "energy_mwh": float(cents(energy)),
    }  # fmt: skip


def fee_plan_denied(prompt: Prompt) -> None:
    text, pupil, phone = found(
        r"Today is \w+, (\d+ \w+ \d+)\. For pupil (\S+), please .* number to (\+[\d ]+),", prompt.user
    )
    assert calls(prompt) == [
        ("set_guardian_phone", {"pupil_no": pupil, "phone": phone.replace(" ", "")}),
        (
            "set_fee_plan",
            {"pupil_no": pupil, "plan": "sibling", "from_day": month_on(day(text), 2).isoformat()},
        ),
    ]
    (address,) = found(r"bursary, (\S+), can", prompt.system or "")
    assert address in said(prompt)
    assert results(prompt, "get_pupil")[0]["guardian_phone"] != phone.replace(" ", "")


def leaflet_print(prompt: Prompt) -> None:
    file, fold, copies, text = found(
        r"file (\S+), on heavy matte paper, (\S+)\. I need at least (\d+) copies, .* on \w+, (\d+ \w+ \d+)\.",
        prompt.user,
    )
    tool = prompt.tool("submit_print_job")
    assert tool is not None
    message = tool.replies[-1].error.message if tool.replies[-1].error else ""
    (sheet,) = found(r"multiple of (\d+)\.", message)
    (code,) = found(r"(\S+) \(matte, heavy\)", message)
    printed = math.ceil(int(copies) / int(sheet)) * int(sheet)
    assert printed - int(copies) > int(sheet) / 2
    assert last(prompt) == {
        "file_id": file, "copies": printed, "paper": code, "fold": fold.replace("-folded", "_fold"),
        "collect_on": day(text).isoformat(),
    }  # fmt: skip
    assert f" {printed} copies" in said(prompt)


def permit_renewal(prompt: Prompt) -> None:
    plate, months = found(r"number plate (.+), by (\w+) months", prompt.user)
    permit = replied(prompt, "find_permit", plate=plate.replace(" ", ""))
    before = date.fromisoformat(permit["last_day"])
    until = month_on(before, WORDS.index(months)).replace(day=before.day)
    renewed = results(prompt, "renew_permit")[-1]
    assert renewed["last_day"] == until.isoformat()
    assert (
        calls(prompt)[1:]
        == [("renew_permit", {"permit_no": permit["permit_no"], "months": WORDS.index(months)})] * 2
    )
    assert until.isoformat() in said(prompt)
    assert renewed["receipt_no"] in said(prompt)


def tow_truck(prompt: Prompt) -> None:
    road, km = found(r"on the (A\d+) at kilometre (\d+\.\d),", prompt.user)
    depots = next(reply for reply in results(prompt, "find_depots"))["depots"]
    fit = [one for one in depots if one["open"] and one["heavy_truck"]]
    best = min(fit, key=lambda one: one["drive_min"])
    assert sum(one["drive_min"] < best["drive_min"] for one in depots) == 2
    assert last(prompt) == {
        "depot": best["depot"], "road": road, "km": float(km), "vehicle_code": 3, "priority": 1
    }  # fmt: skip


RECOMPUTED: dict[str, Callable[[Prompt], None]] = {
    function.__name__: function
    for function in (
        deicing_shift, library_hold, museum_loan, well_flow, consignment_status, high_waters, move_room_booking,
        patient_transport, expense_payout, night_tariff, paprika_order, vaccine_batch, building_inspection,
        film_evening, lost_clarinet, turbine_day, fee_plan_denied, leaflet_print, permit_renewal, tow_truck,
    )
}  # fmt: skip


@pytest.mark.parametrize("family", SUITE.prompts, ids=lambda prompt: prompt.id)
def test_every_variant_expects_what_its_data_say(family: Prompt) -> None:
    recompute = RECOMPUTED[family.id.rpartition("/")[2]]
    for number in NUMBERS:
        recompute(family.in_variant(number))
    recompute(family.in_variant(11, pool_seed=2026))


def test_variant_0_is_the_prompt_of_before() -> None:
    """The values `first` are what the files held before they varied: the digest of 20 × 3 stays what it was."""
    assert all(prompt.family and prompt.variant.number == 0 for prompt in SUITE.prompts)
    assert SUITE.prompt("multi_step/night_tariff").user.startswith("My customer number is 904-2271.")
