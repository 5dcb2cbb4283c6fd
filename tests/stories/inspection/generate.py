#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Writes events.jsonl and waiting.jsonl: made-up cases with the numbers of the inspection's report (README.md).

Usage: generate.py, in its own folder. The same input gives the same files: every id follows from a name.
"""

import datetime
import json
import pathlib
import uuid

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "inspection.stories.ketenwacht")
GIS = ["gi-jbn", "gi-wss", "gi-ljr"]
GRONINGEN = ["gm0014", "gm1952", "gm1895", "gm0037", "gm1979", "gm1969"]
DRENTHE = ["gm0106", "gm0114", "gm0118", "gm0109", "gm1680", "gm1730"]

# Which case is what, of those that were judged. Cases 23 and 24 are so young that their course is not due; case 25 ended in between.
CASES = 26
CHANGED_TWICE = {0, 1, 2}
DESK = {3}  # with the CCP, without visible contact: neither timely nor fixed, and no course
ACTIVE_DESK = {9, 15, 20}  # with the CCP first, really working with the family
FAMILY_CONFLICT = {4, 5}
NO_HELP_TOGETHER = {6, 7, 8}
HELP_LATE = {9, 10, 11}
HELP_WAITING = {3, 4, 12, 13, 14}
UNSUITABLE = {15, 16}
PROBATION = {13, 19}  # the verdict reached the GI weeks later
YOUNG = {23, 24}
ENDED = {25}
OLDER = 4  # cases from before the cohort


class Case:
    def __init__(self, name, gi):
        self.name, self.gi, self.events = name, gi, []
        self.case_id = str(uuid.uuid5(NAMESPACE, name))
        self.measure_id = str(uuid.uuid5(NAMESPACE, name + "/measure"))

    def tell(self, event, date, recorded=None, **fields):
        at = f"{(recorded or date).isoformat()}T12:{len(self.events):02}:00+01:00"
        event_id = str(uuid.uuid5(NAMESPACE, f"{self.name}/{len(self.events)}"))
        line = {"event": event, "event_id": event_id, "case_id": self.case_id, "source": self.gi, "occurred_at": at, "recorded_at": at}
        if event != "deviation-explained":  # names a norm and an instance instead
            line["measure_id"] = self.measure_id
        if event != "measure-started":
            line["date"] = date.isoformat()
        line.update(fields)
        self.events.append(line)

    def start(self, verdict, informed, municipality, kind="OTS"):
        self.tell("measure-started", informed, kind=kind, verdict_date=verdict.isoformat(), informed_date=informed.isoformat(), gi=self.gi,
                  municipality=municipality)

    def protector(self, date, role="FIXED", reason="FIRST", working=True):
        self.tell("protector-assigned", date, worker=f"jb-{len(self.events)}", role=role, working_with_family=working, reason=reason)


def days(n):
    return datetime.timedelta(days=n)


def add_protectors(case, i, informed):
    if i in DESK:
        case.protector(informed + days(2), role="CCP", working=False)
        case.protector(informed + days(30), reason="PLANNED")
        return
    if i in ACTIVE_DESK:
        case.protector(informed + days(2), role="CCP")
        case.protector(informed + days(24), reason="PLANNED")
        return
    case.protector(informed + days(1 + i % 3))
    if i in CHANGED_TWICE:
        case.protector(informed + days(20), reason="TURNOVER")
        case.protector(informed + days(45), reason="ILLNESS")
    elif i % 7 == 3:
        case.protector(informed + days(40), reason="ILLNESS")  # one change is allowed


def add_course(case, i, informed):
    if i in DESK | YOUNG | ENDED:
        return
    case.tell("course-agreed", informed + days(28 + i % 10), goals=True, help=True, with_family=True, with_network=i not in FAMILY_CONFLICT,
              with_professionals=True)
    if i in FAMILY_CONFLICT:
        case.tell("deviation-explained", informed + days(38), norm="course-carried", instance=case.measure_id, reason="FAMILY_CONFLICT")


def add_help(case, i, verdict):
    if i in ENDED:
        case.tell("measure-ended", verdict + days(21), reason="TRANSFERRED")
        return
    if i in NO_HELP_TOGETHER:
        case.tell("deviation-explained", verdict + days(70), norm="help-started", instance=case.measure_id, reason="JOINT_NO_HELP", parents_agree=True,
                  youth_agree=True)
        case.tell("help-judged", verdict + days(80), fits_professional=True, fits_family=True, matches_plan=False)
        return
    if i in HELP_WAITING | HELP_LATE:
        case.tell("help-waitlisted", verdict + days(50), reason="NO_OFFER" if i % 2 else "QUEUE")
        if i in HELP_WAITING:
            return
    started = verdict + days(97 if i in HELP_LATE else 18 if i in YOUNG else 40 + i)
    case.tell("help-started", started, route="REGULAR")
    if i not in HELP_LATE:
        case.tell("help-judged", started + days(7), fits_professional=i not in UNSUITABLE, fits_family=False, matches_plan=i not in UNSUITABLE)


def cohort():
    for i in range(CASES):
        gi = GIS[0] if i % 5 < 3 else GIS[1] if i % 5 == 3 else GIS[2]
        case = Case(f"case-{i}", gi)
        verdict = datetime.date(2020, 11, 16) + days(i)
        if i in YOUNG:
            verdict = datetime.date(2021, 2, 10)
        elif i in ENDED:
            verdict = datetime.date(2021, 1, 4)
        informed = verdict + days(16 if i in PROBATION else i % 3)
        municipality = (GRONINGEN if i % 2 == 0 else DRENTHE)[i % 6]
        if municipality == "gm1979" and verdict.year == 2020:
            municipality = "gm0003"  # Appingedam: part of Eemsdelta since 2021
        case.start(verdict, informed, municipality, "JR_GEDWONGEN" if i in PROBATION else "OTS")
        add_protectors(case, i, informed)
        add_course(case, i, informed)
        add_help(case, i, verdict)
        yield case
    for i in range(OLDER):
        case = Case(f"older-{i}", GIS[i % 3])
        verdict = datetime.date(2020, 10, 19) + days(i)
        case.start(verdict, verdict, GRONINGEN[i])
        case.protector(verdict + days(20))
        yield case


def waiting():
    """39 children in December, 57 with those of Drenthe that were found later, 34 at the end of January."""
    for i in range(57):
        drenthe = i >= 39 or i % 3 == 2
        case = Case(f"waiting-{i}", GIS[i % 3])
        verdict = datetime.date(2020, 10, 19) + days(i % 20)
        case.start(verdict, verdict, (DRENTHE if drenthe else GRONINGEN)[i % 4])
        since = datetime.date(2020, 11, 16) + days(i % 12)
        case.tell("help-waitlisted", since, recorded=datetime.date(2021, 1, 6) if i >= 39 else None, reason=["QUEUE", "NO_OFFER", "ADMISSION_STOP"][i % 3])
        if i % 5 in (1, 3):
            case.tell("help-started", datetime.date(2021, 1, 11) + days(i % 14), route="BREAKTHROUGH")
        yield case


def write(name, cases):
    lines = sorted((line for case in cases for line in case.events), key=lambda line: (line["recorded_at"], line["event_id"]))
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (pathlib.Path(__file__).parent / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write("events.jsonl", cohort())
    write("waiting.jsonl", waiting())
