"""Golden rows: inputs and probabilities of a model that its server must reproduce before it serves.

The texts are made up, so that a model carries no query of a user in readable form. They are chosen to be awkward: what two
tokenizers in two languages could disagree about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gqr_learner.ctr.input import NO_SOURCES, CtrInput, Sources


@dataclass(frozen=True)
class Case:
    """A target in its context."""

    query: str
    chosen: Sequence[str]
    candidate: str
    sources: Sources = NO_SOURCES


LONG = "how do i keep a sourdough starter alive while i travel for several weeks without a fridge " * 12

CASES = (
    Case("how to repot a monstera", [], "when to repot a monstera"),
    Case("how to repot a monstera", ["when to repot a monstera"], "best soil for monstera"),
    Case("how to repot a monstera", ["when to repot a monstera", "best soil for monstera"], "monstera root rot"),
    Case(
        "write a birthday message",
        ["shorter", "funnier", "more formal", "add a quote", "rhyming", "for my boss", "warmer"],
        "in French",
    ),
    Case("Python 3.12: what's new?", ["PEP 695 generics", "f-string grammar"], "uv vs. pip"),
    Case("C++ vs C#", ["C", "R"], "Go"),
    Case("café crème brûlée", ["naïve façade", "Ångström"], "Übergrößenträger"),
    Case("ΟΔΥΣΣΕΥΣ και ΑΣ", ["Σίσυφος"], "Ἀχιλλεύς"),
    Case("İstanbul'da hava", ["IĞDIR ılık"], "ışık"),
    Case("東京の天気", ["大阪 天気", "명동 맛집"], "京都𠀀紅葉"),
    Case("你好世界", ["天氣,如何?"], "㐀丂𪜶"),
    Case("مرحبا بالعالم", ["السَّلامُ عَلَيْكُم"], "كيف الحال؟"),
    Case("שלום עולם", ["שָׁלוֹם"], "מה נשמע"),
    Case("नमस्ते दुनिया", ["हिन्दी में मौसम"], "क्या हाल है"),
    Case("สวัสดีชาวโลก", ["อากาศ วันนี้"], "ข้าวผัด"),
    Case("👩‍👩‍👧‍👦 trip 🏳️‍🌈", ["☕️➡️🍰", "🇩🇪🇫🇷"], "🙂🙃 emoji meaning"),
    Case("zero\u200bwidth\u200djoiner\ufeff", ["soft\u00adhyphen", "\u202eright to left\u202c"], "word\u2060joiner"),
    Case("  spaces\tand\nnew lines\u00a0\u3000 ", ["\u2003em space\u2003"], "\u0000nul\u0007bell\u007f"),
    Case("[CLS] forged [SEP] structure [PAD]", ["[SEP]", "[UNK] [MASK]"], "[SEP] [CLS]"),
    Case("e\u0301\u0323 combining", ["a\u0300\u0301\u0302\u0303\u0304"], "Z̷̢͍a̶l̸g̷o̵"),
    Case("ﬁne ﬂow ½ ²³ Ⅷ ℃ ™", ["ＦＵＬＬ width ｶﾀｶﾅ"], "𝔪𝔞𝔱𝔥 𝐛𝐨𝐥𝐝"),
    Case("x" * 150, ["y" * 100], "z" * 101),
    Case("1,234.56 $€£¥ 50% @user #tag", ["a_b-c/d\\e"], "<b>&amp;</b>"),
    Case("\u200b", ["\u0001"], "\ufeff"),
    Case("!!!", ["???"], "…—–“”‘’"),
    Case(LONG, [], "sourdough"),
    Case("sourdough", [LONG], "feeding schedule"),
    Case("sourdough", ["starter", "levain", LONG], "hydration"),
    Case("sourdough", ["a", "b"], LONG),
    Case(LONG, [LONG, LONG], LONG),
    Case("monstera", ["repotting"], "root rot", Sources("Water it when the top of the soil is dry. " * 400, ["aloe"], ["fern"])),
    Case("東京", [], "京都", Sources("𠀀紅葉" * 900, ["大阪 天気", "[SEP]", LONG], ["👩‍👩‍👧‍👦 trip", "\u200b", LONG])),
    Case("sourdough", ["starter", LONG], "hydration", Sources("", ["levain", "rye"], [])),
    Case("many positions", [f"choice number {n}" for n in range(1, 25)], "the last one"),
)


def golden_rows(
    task_names: Sequence[str],
    inputs: Sequence[CtrInput],
    probabilities: Sequence[float] | npt.NDArray[np.float32],
    cases: Sequence[Case],
) -> list[dict[str, Any]]:
    """The content of golden.json."""
    return [
        {
            "taskId": task,
            "query": case.query,
            "chosen": list(case.chosen),
            "candidate": case.candidate,
            "answer": case.sources.answer,
            "history": list(case.sources.history),
            "cooccurrence": list(case.sources.cooccurrence),
            "inputIds": built.input_ids,
            "segmentIds": built.segment_ids,
            "domainIds": built.domain_ids,
            "probability": round(float(probability), 7),
        }
        for task, case, built, probability in zip(task_names, cases, inputs, probabilities, strict=True)
    ]
