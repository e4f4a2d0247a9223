"""Build the fact tables of the flagship site from a folder of researched facts.

Usage: python docs/data/convert_facts.py FACTS_FOLDER [--why]

Reads the research files (rights, payers, procedures, claims data, glossary, sources) and writes
matrix/sources.yaml, matrix/facts.yaml, matrix/plan_types.yaml, matrix/states.yaml and
matrix/glossary.yaml.

The research supplies identifiers, figures, citations, dates and confidence. Every sentence that a
reader sees comes from the `*_words.yaml` files next to this script, written by hand; a fact with no
sentence there is left out. So is a fact of low confidence, one that is not in force on `today` of
convert_settings.yaml, and one with no source that may be cited. What we read ourselves since then
stands with its sources in further_facts.yaml.

Two dates are kept apart. `dated` is the date of a text: of a page, a publication, a reading of a
law. `as_of` is the day on which somebody read it for us: `read` of convert_settings.yaml for all
that the research opened, and no day at all for what it only knows.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
MATRIX = HERE.parent.parent / "matrix"
LONG_TEXT = 60  # a text value longer than this reads badly in the middle of a sentence

Row = dict[str, Any]


def load(path: Path) -> Any:
    with path.open(encoding="utf-8") as stream:
        return yaml.safe_load(stream)


SETTINGS: Row = load(HERE / "convert_settings.yaml")


class Dumper(yaml.SafeDumper):
    """Indent list items under their key, as people write them, and repeat values in full."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def save(name: str, rows: Iterable[Row], key: str, note: str) -> None:
    rows = sorted(rows, key=lambda row: row[key])
    twice = [slug for slug, count in Counter(row[key] for row in rows).items() if count > 1]
    if twice:
        raise SystemExit(f"{name}: used twice: {', '.join(twice)}")
    head = f"# {note}\n# Made by docs/data/convert_facts.py from docs/data/*_words.yaml.\n\n"
    body = yaml.dump(rows, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=4000)
    (MATRIX / name).write_text(head + re.sub(r"\n- ", "\n\n- ", body), encoding="utf-8")
    print(f"{name}: {len(rows)}")


def earliest(text: Any) -> dt.date | None:
    """First day that a note can mean: '2024-2025' is 2024-01-01; None when it names no date."""
    found = re.search(r"(20\d\d)(?:-(0[1-9]|1[0-2])(?:-(\d\d))?)?(?!\d)", str(text or ""))
    if not found:
        return None
    year, month, day = (int(part) if part else 1 for part in found.groups())
    return dt.date(year, month, day)


def in_words(text: Any) -> str | None:
    """The date of a text as far as it is known: 2024, June 2024, June 30, 2024, 2024 to 2025."""
    dates = re.findall(r"(20\d\d)(?:-(0[1-9]|1[0-2])(?:-(\d\d))?)?(?!\d)", str(text or ""))
    said = []
    for year, month, day in dates:
        name = dt.date(2000, int(month), 1).strftime("%B ") if month else ""
        said.append(f"{name}{int(day)}, {year}" if day else f"{name}{year}")
    return " to ".join(dict.fromkeys(said)) or None


def https(url: Any) -> str | None:
    return url if str(url or "").startswith("https://") else None


def pruned(row: Row) -> Row:
    return {key: value for key, value in row.items() if value not in (None, "", [])}


class Sources:
    """The sources that may be cited, by the identifier that the research uses."""

    def __init__(self, folder: Path) -> None:
        self.words: Row = load(HERE / "source_words.yaml")
        self.rows: dict[str, Row] = {}
        for item in load(folder / "sources.yaml")["sources"]:
            if not item["id"].startswith("x-"):
                kind = "study" if item["type"] == "secondary" else item["type"]
                self._add(item, kind, read=item["how_checked"] != "own-knowledge")
        for item in load(folder / "payer_sources.yaml")["sources"]:
            named = item["read"] == "yes" or item["id"] in self.words["also"]
            if named and item["id"] not in SETTINGS["unused"]:
                kind = SETTINGS["kinds"].get(item["kind"], "other")
                self._add(item, kind, read=item["read"] != "no")
        for item in self.words["extra"]:
            self._add(item, item["type"], read=False)
        for item in load(HERE / "further_facts.yaml")["sources"]:
            self._add({**item, "as_of": item.get("dated")}, item["type"], read=item["read"])

    def _add(self, item: Row, kind: str, *, read: dt.date | bool) -> None:
        row = {
            "slug": re.sub(r"[^a-z0-9-]", "-", item["id"].lower()),
            "title": self.words["titles"].get(item["id"], item["title"]),
            "publisher": self.words["publishers"].get(item["id"], item["publisher"]),
            "url": https(item["url"]),
            "dated": in_words(item.get("as_of")) if read else None,
            "as_of": (SETTINGS["read"] if read is True else read) or None,
            "type": self.words["types"].get(item["id"], kind),
        }
        self.rows[item["id"]] = pruned(row)

    def first(self, ids: list[str]) -> Row | None:
        return next((self.rows[i] for i in ids if i in self.rows), None)


class Facts:
    """Collects the facts that can be stated in our own words and cited."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.rows: dict[str, Row] = {}
        self.left_out: dict[str, str] = {}

    def add(self, fact_id: str, about: Row, words: Row | str | None, found: Row) -> None:
        """`words`: the sentence, or a mapping that also overrides value, unit, source and so on."""
        own: Row = {"statement": words} if isinstance(words, str) else dict(words or {})
        source = self.sources.first([own["source"]] if "source" in own else found["sources"])
        confidence = found["confidence"]
        if confidence == "low" or source is None or "statement" not in own:
            why = "low confidence" if confidence == "low" else "no sentence of ours"
            self.left_out[fact_id] = "no source to cite" if source is None else why
            return
        given = {**found, **own}
        value, unit = printable(given.get("value"), given.get("unit"))
        row = {
            "value": value,
            "unit": unit,
            "statement": filled(own["statement"], found.get("value"), found.get("unit")),
            "source": source["slug"],
            "citation": given.get("citation"),
            "url": https(given.get("url")) or source.get("url"),
            "confidence": confidence,
            "as_of": checked(found, source),
        }
        self.rows[fact_id] = {"id": fact_id, "about": about, **pruned(row)}


def checked(found: Row, source: Row) -> dt.date:
    """The day on which the fact was read in a source, else the day for which it is vouched."""
    basis = found.get("basis") or ("checked-text" if "as_of" in source else "own-knowledge")
    if basis == "own-knowledge":
        return SETTINGS["vouched"]
    return source.get("as_of") or SETTINGS["read"]


def printable(value: Any, unit: str | None) -> tuple[Any, str | None]:
    """The value as a page may print it, or (None, None) when only the statement works."""
    if value is None or unit is None or unit == "boolean" or value == "not applicable":
        return None, None
    if unit == "text" and (len(str(value)) > LONG_TEXT or re.search(r"[=;]", str(value))):
        return None, None
    if unit == "usd_max" and value == 0:
        return "free", "text"
    if unit == "count":
        return f"{value:,}", "text"
    if unit == "per-enrollee":
        return f"{value:g} per member", "text"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value, SETTINGS["units"].get(unit, unit)


def filled(text: str, value: Any, unit: str | None) -> str:
    """Put the figures of the research into a sentence pattern."""
    money = unit in ("usd_min", "usd_max")
    amount = f"${value:,}" if money else f"{value} {SETTINGS['amounts'].get(unit, unit)}"
    return text.replace("{amount}", amount).replace("{value}", str(value)).strip()


def in_force(fact: Row) -> bool:
    start, end = earliest(fact["effective_from"]), earliest(fact["effective_to"])
    return bool((start or dt.date.min) <= SETTINGS["today"] <= (end or dt.date.max))


def add_rights(facts: Facts, rights: list[Row]) -> None:
    words = load(HERE / "rights_words.yaml")
    for item in filter(in_force, rights):
        rule = f"{item['topic']}.{item['timing']}"
        group = words["groups"].get(item["plan_type"])
        text = (
            words["single"].get(re.sub(r"-\d+$", "", item["fact_id"]))
            or words["patterns"].get(f"{group}:{rule}")
            or words["patterns"].get(rule)
        )
        ids = named_first(item["source_ids"], item["citation"], facts.sources)
        found = {**item, "sources": ids}
        facts.add(item["fact_id"], {"plan": item["plan_type"]}, text, found)


def named_first(ids: list[str], citation: str, sources: Sources) -> list[str]:
    """Put the regulation that the citation begins with before others that say the same."""
    begins = re.match(r"(\d+) CFR ([\d.-]+)", citation)
    named = f"cfr-{begins[1]}-{begins[2]}" if begins else ""
    if named in sources.rows and ids[0].startswith("cfr-"):
        return [named, *(source for source in ids if source != named)]
    return ids


def found_in(item: Row) -> Row:
    """What the research gives for a find about a payer, a procedure or a program."""
    keys = ("value", "unit", "sources", "confidence", "basis")
    return {"confidence": "medium"} | {k: item[k] for k in keys if k in item}


def add_payers(facts: Facts, payers: list[Row]) -> None:
    words = load(HERE / "payer_words.yaml")
    for payer in payers:
        own = words.get(payer["slug"])
        parts = {
            "fact": payer["distinctive_facts"],
            "stat": payer["pa_stats"],
            "delegate": payer["um_delegates"],
            "criteria": payer["criteria"],
            "appeals": [payer["member_appeals"]],
            "coverage": [payer["policy_library"]],
            "portal": [payer["portal"]],
            "route": payer["electronic_pa"],
            "p2p": [payer["peer_to_peer"]],
        }
        for part, items in parts.items() if own else ():
            for number, item in enumerate(items, 1):
                name, about = f"{part}-{number}", {"payer": payer["slug"]}
                facts.add(f"{payer['slug']}.{name}", about, own.get(name), found_in(item))


def add_procedures(facts: Facts, procedures: list[Row]) -> None:
    words, payers = load(HERE / "procedure_words.yaml"), load(HERE / "payer_words.yaml")
    for procedure in procedures:
        slug = procedure["slug"]
        if slug not in words:
            continue
        finds = [(f"guideline-{n}", item) for n, item in enumerate(procedure["guidelines"], 1)]
        finds += [(f"payer-{note['payer']}", note) for note in procedure["payer_notes"]]
        for part, item in [*finds, ("medicare-1", procedure["medicare"])]:
            if "payer" in item and item["payer"] not in payers:
                continue
            about = {"procedure": slug, **({"payer": item["payer"]} if "payer" in item else {})}
            facts.add(f"{slug}.{part}", about, words[slug].get(part), found_in(item))


def add_stats(facts: Facts, stats: list[Row]) -> None:
    words = load(HERE / "stat_words.yaml")
    for item in stats:
        found = found_in({**item, "sources": [item["source_id"]]})
        facts.add(f"stat.{item['id']}", {}, words.get(item["id"]), found)


def add_further(facts: Facts) -> None:
    """What we read ourselves: the words stand beside the find."""
    for item in load(HERE / "further_facts.yaml")["facts"]:
        found = {**item, "sources": [item["source"]], "basis": "checked-text"}
        words = {"statement": item["statement"], "citation": item.get("citation")}
        facts.add(item["id"], item["about"], words, found)


def add_states(facts: Facts, states: list[Row]) -> list[Row]:
    """Add the limit of each state's review as a fact; return a row a state and kind of plan.

    A row of low confidence keeps its state, office and law, and has no limit.
    """
    words = load(HERE / "state_words.yaml")
    made: list[Row] = []
    for item, own in zip(states, words["rows"], strict=True):
        fact_id, name = f"state.{own['slug']}.external_filing", f"In {own['name']}"
        found = {
            "value": item["external_filing_value"],
            "unit": item["external_filing_unit"],
            "citation": item["citation"],
            "url": item["url"] if item["basis"] != "own-knowledge" else None,
            "sources": [*own.get("sources", ()), *item["source_ids"]],
            "confidence": item["confidence"],
            "basis": item["basis"],
        }
        text = words["federal" if own.get("process") == "federal" else "state"]
        facts.add(fact_id, {}, text.replace("{state}", own.get("in", name)), found)
        source = facts.sources.first(found["sources"])
        made.append(
            {
                "slug": own["slug"],
                "name": own["name"],
                "plans": own.get("plans"),
                "process": own.get("process", "state"),
                "office": own.get("office", item["agency"]),
                "law": item["citation"],
                "source": source["slug"] if source else None,
                "filing": fact_id if fact_id in facts.rows else None,
            }
        )
    return [pruned(row) for row in made]


def add_others(facts: Facts) -> None:
    """Add the facts that were read for the site itself, with all that they need."""
    for item in load(HERE / "other_words.yaml"):
        found = {**item, "sources": [item["source"]]}
        facts.add(item["id"], item.get("about", {}), item["statement"], found)


def plan_row(plan: str, own: Row, facts: dict[str, Row]) -> Row:
    row = {"slug": plan, **own}
    for field, endings in SETTINGS["plan_fields"].items():
        ids = (f"{plan}.{ending}" for ending in endings)
        chosen = next((i for i in ids if "value" in facts.get(i, {})), None)
        if chosen and (not field.startswith("decision") or facts[chosen]["unit"] != "text"):
            row[field] = chosen
    row["rights"] = [f"{plan}.{ending}" for ending in row.pop("rights")]
    times = ("file", "decide", "urgent")
    row["rungs"] = [
        {key: f"{plan}.{text}" if key in times else text for key, text in rung.items()}
        for rung in row["rungs"]
    ]
    named = [*row["rights"], *(rung[key] for rung in row["rungs"] for key in times if key in rung)]
    unknown = [fact for fact in named if fact not in facts]
    if unknown:
        raise SystemExit(f"plan_words.yaml: no such fact: {', '.join(unknown)}")
    return row


def term_row(term: Row, own: Row, known: set[str]) -> Row:
    row = {
        "slug": term["slug"],
        "name": own.get("name", term["term"]),
        "aliases": term["aka"],
        "definition": own["definition"],
        "citation": term["citation"],
        "see_also": sorted({*term["see_also"], *own.get("see_also", [])} & known - {term["slug"]}),
    }
    return pruned(row)


def named_on_the_site(sources: Iterable[Row]) -> list[Row]:
    """Leave out the sources that no table and no text names: nothing on the site rests on them."""
    site = MATRIX.parent
    files = [path for path in MATRIX.glob("*.yaml") if path.name != "sources.yaml"]
    files += [path for path in (site / "content").rglob("*") if path.suffix in (".md", ".yaml")]
    named = {w for path in files for w in re.findall(r"[a-z0-9-]+", path.read_text("utf-8"))}
    return [row for row in sources if row["slug"] in named]


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the fact tables from researched facts.")
    parser.add_argument("folder", type=Path, help="folder with the research files")
    parser.add_argument("--why", action="store_true", help="list what was left out, and why")
    options = parser.parse_args()
    research = {path.stem: load(path) for path in options.folder.glob("*.yaml")}
    sources = Sources(options.folder)
    facts = Facts(sources)
    add_rights(facts, research["rights"]["facts"])
    add_payers(facts, research["payers"]["payers"])
    add_procedures(facts, research["procedures"]["procedures"])
    add_stats(facts, research["claims_data"]["stats"])
    add_further(facts)
    states = add_states(facts, research["rights"]["state_rules"])
    add_others(facts)
    plans = load(HERE / "plan_words.yaml")
    terms, words = research["glossary"]["terms"], load(HERE / "term_words.yaml")
    save("facts.yaml", facts.rows.values(), "id", "Every rule and figure that a page may state.")
    plan_rows = [plan_row(slug, own, facts.rows) for slug, own in plans.items()]
    save("plan_types.yaml", plan_rows, "slug", "Kinds of health plan and their appeal rights.")
    save("states.yaml", states, "slug", "Outside review by state: who runs it, and the time to ask.")
    known = {term["slug"] for term in terms}
    term_rows = [term_row(term, words[term["slug"]], known) for term in terms]
    save("glossary.yaml", term_rows, "slug", "Words that denial letters and appeal rules use.")
    behind = named_on_the_site(sources.rows.values())
    save("sources.yaml", behind, "slug", "Every source that a fact or a text of the site names.")
    for fact_id, reason in sorted(facts.left_out.items()) if options.why else ():
        print(f"left out {fact_id}: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
