"""A trace as it is told: of all images or of their parts, with each image's agreement, the placement and the doubts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from difreg.lineage import mixing
from difreg.lineage.agreement import agreement
from difreg.lineage.ancestry import Facts
from difreg.lineage.answers import Agreement, Candidate, Caveat, Part, Provenance, Traced
from difreg.lineage.caveats import disagreement_caveats
from difreg.lineage.keeping.population import Population
from difreg.lineage.phases import aligned
from difreg.lineage.tracing import Origin, Trace, place, trace
from difreg.lineage.views import images_answer, kin_answer
from difreg.registry.extraction import ImageSet
from difreg.registry.profiles import Profile


@dataclass(frozen=True)
class Question:
    """What is traced: how it was named, its images, and what the registry knows of families and declarations."""

    query: str
    images: ImageSet
    profile: Profile
    titles: Mapping[str, str | None]
    families: Mapping[str, str]
    declared: Sequence[Facts]


def traced(
    asked: Question, members: Population, prior: float, seed: int, provenance: Provenance, search_phase: bool = False
) -> Traced:
    """Place the images, all together and, where they are of several origins, each part by itself.

    Images whose phase is searched for are taken to share one origin.
    """
    whole = trace(asked.profile, members, asked.families, prior, seed, search_phase=search_phase)
    query = aligned(asked.profile, whole.search.phase) if whole.search else asked.profile
    asked = replace(asked, profile=query)
    fresh, _ = members.apart(query.contents)
    parts = () if search_phase else mixing.divide(query, fresh, asked.families, prior)
    found = replace(whole, verdict="mixed", indistinguishable=(), needed_images=None) if parts else whole
    told = parts or (mixing.Part(tuple(range(len(query))), whole),)
    files = tuple(i.file for i in asked.images.images)
    agreed = agreement(query, files, told, fresh, asked.families, prior)
    return _answer(found, asked, tuple(_part(p, asked, files) for p in told), agreed, provenance)


def _answer(
    found: Trace, asked: Question, parts: tuple[Part, ...], agreed: tuple[Agreement, ...], provenance: Provenance
) -> Traced:
    return Traced(
        provenance,
        query=asked.query,
        verdict=found.verdict,
        family=_named(found, asked),
        title=asked.titles.get(found.family),
        probability=found.probability,
        likelihood_ratio=found.likelihood_ratio,
        none_probability=found.none_probability,
        candidates=tuple(_candidate(o, asked.titles) for o in found.origins),
        indistinguishable=found.indistinguishable,
        placement=place(found, asked.declared),
        parts=parts,
        images=images_answer(asked.images),
        reliability=asked.profile.reliability,
        needed_images=found.needed_images,
        warnings=(*_caveats(found), *disagreement_caveats(agreed)),
        agreement=agreed,
        phase=found.search.told() if found.search else None,
    )


def _part(part: mixing.Part, asked: Question, files: Sequence[str]) -> Part:
    found = part.found
    whole = len(part.rows) == len(files)
    return Part(
        images=tuple(files[k] for k in part.rows),
        verdict=found.verdict,
        family=_named(found, asked),
        probability=found.probability,
        title=asked.titles.get(found.family),
        likelihood_ratio=found.likelihood_ratio,
        none_probability=found.none_probability,
        reliability=(asked.profile if whole else asked.profile.subset(part.rows)).reliability,
        nearest=found.origins[0].member.name if found.origins else None,
        indistinguishable=found.indistinguishable,
    )


def _named(found: Trace, asked: Question) -> str | None:
    return found.family if found.family in asked.titles else None


def _candidate(origin: Origin, titles: Mapping[str, str | None]) -> Candidate:
    row = kin_answer(origin.kinship, origin.member)
    return Candidate(**vars(row), family=origin.family if origin.family in titles else None)


def _caveats(found: Trace) -> tuple[Caveat, ...]:
    """Those of all images; that their one fingerprint is weak says nothing of their parts."""
    return tuple(c for c in found.caveats if found.verdict != "mixed" or c.code != "weak")


def subjects(told: Traced) -> list[str]:
    """Whose history bears on a trace: the families and generators it names."""
    named = [n for part in told.parts if part.verdict == "kin" for n in (part.family, part.nearest)]
    return list(dict.fromkeys(n for n in (*named, *told.indistinguishable) if n))
