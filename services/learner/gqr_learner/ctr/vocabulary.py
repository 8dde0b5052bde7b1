"""The tokenizers of the click predictor, trained on the queries of the training data.

Uncased WordPiece for BERT, byte-level BPE for RoBERTa, uncased unigrams for ALBERT. Each is made such that its JavaScript twin,
@huggingface/tokenizers, gives the same ids for any text.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

CLS, SEP, PAD, UNKNOWN = "[CLS]", "[SEP]", "[PAD]", "[UNK]"
SPECIAL = [PAD, UNKNOWN, CLS, SEP]
"""Special tokens of WordPiece and unigrams, [PAD] as id 0."""
ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
"""Those of byte-level BPE, in RoBERTa's order; <s> stands for [CLS] and </s> for [SEP]."""

MOST_CHARACTERS = 2_000
"""Size of the alphabet; rarer characters are unknown."""

IDEOGRAPH = "[一-鿿㐀-䶿豈-﫿\U00020000-\U0002a6df\U0002a700-\U0002ebef\U0002f800-\U0002fa1f]"
"""A word of its own each. Said here and not by BertNormalizer, whose JavaScript twin does not see those beyond U+FFFF."""


def _uncased() -> normalizers.Normalizer:
    return normalizers.Sequence(
        [
            # Lower-casing makes either sigma of a final one, depending on the language that does it.
            normalizers.Replace(Regex("[Σς]"), "σ"),
            normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=True, lowercase=True),
        ]
    )


def _blank() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(vocab={UNKNOWN: 0}, unk_token=UNKNOWN, max_input_chars_per_word=100))
    tokenizer.normalizer = _uncased()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(IDEOGRAPH), "isolated"), pre_tokenizers.BertPreTokenizer()]
    )
    return tokenizer


def without_special_matching(tokenizer: Tokenizer) -> Tokenizer:
    """The same tokenizer, but for it "[SEP]" in a user's text is text: a query must not be able to forge the input's structure."""
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(content))


def train_wordpiece(texts: Iterable[str], size: int, on_text: Callable[[], None]) -> Tokenizer:
    """Learns a vocabulary of at most `size` tokens; the same texts give the same vocabulary. `on_text` is called at each text."""
    tokenizer = _blank()
    words: Counter[str] = Counter()
    for text in texts:
        on_text()
        words.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text)))
    characters: Counter[str] = Counter()
    for word, count in words.items():
        characters.update({character: count for character in word})
    by_count = sorted(characters, key=lambda character: (-characters[character], character))
    # Every character comes alone and as a continuation; together they are at most half of the vocabulary.
    alphabet = sorted(by_count[: min(MOST_CHARACTERS, (size - len(SPECIAL)) // 4)])
    # Ties between merges are broken by id, and ids of "##x" are given out in the random order of a hash map unless they are fixed.
    fixed = [*SPECIAL, *alphabet, *(f"##{character}" for character in alphabet)]
    trainer = trainers.WordPieceTrainer(vocab_size=size, min_frequency=2, special_tokens=fixed, show_progress=False)
    known = set(alphabet)
    whole = (" ".join([word] * count) for word, count in sorted(words.items()) if known.issuperset(word))
    tokenizer.train_from_iterator(whole, trainer)
    return without_special_matching(tokenizer)


SPACES = "[\u0085\ufeff]"
"""White space to one of the two languages and not to the other."""


SCORE_STEP = 2.0**-12
"""Scores of unigrams are multiples of it, so that sums of them are exact.

Else rounding decides between segmentations that are equally probable, as "a" + "aa" and "aa" + "a" are, and the two languages
compare sums at different points. Its multiples have few decimals, which both read from JSON without an error in the last bit.
"""


def _exact(score: float) -> float:
    return round(score / SCORE_STEP) * SCORE_STEP


def agreed(tokenizer: Tokenizer) -> Tokenizer:
    """A tokenizer from elsewhere, made such that both languages agree on it and no text forges the input's structure.

    It may have been saved with a fixed length, as those of sentence encoders are: each text of an input would be filled up to it.
    """
    content = json.loads(without_special_matching(tokenizer).to_str())
    content["padding"] = content["truncation"] = None
    if content["model"]["type"] == "Unigram":
        content["model"]["vocab"] = [[token, _exact(score)] for token, score in content["model"]["vocab"]]
    found = Tokenizer.from_str(json.dumps(content))
    if (content["normalizer"] or {}).get("type") == "BertNormalizer":
        # Here neither changes an id: JavaScript makes a final sigma of a capital one, and sees no ideograph beyond U+FFFF.
        found.normalizer = normalizers.Sequence([normalizers.Replace("Σ", "σ"), found.normalizer])
        found.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(IDEOGRAPH), "isolated"), found.pre_tokenizer])
    return with_agreed_spaces(found)


def with_agreed_spaces(tokenizer: Tokenizer) -> Tokenizer:
    """The same tokenizer, in which what white space is does not depend on the language that it runs in."""
    steps = [normalizers.Replace(Regex(SPACES), " "), *([tokenizer.normalizer] if tokenizer.normalizer is not None else [])]
    tokenizer.normalizer = normalizers.Sequence(steps)
    return tokenizer


def train_byte_pairs(texts: Iterable[str], size: int, on_text: Callable[[], None]) -> Tokenizer:
    """As `train_wordpiece`, byte-level BPE as RoBERTa has it: no character is unknown. The bytes alone are 256 tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer = with_agreed_spaces(tokenizer)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=ROBERTA_SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_sorted(texts, on_text), trainer)
    return without_special_matching(tokenizer)


UNIGRAM_PASSES = 3
"""After these the segmentation hardly changes."""


def train_unigrams(texts: Iterable[str], size: int, on_text: Callable[[], None]) -> Tokenizer:
    """As `train_wordpiece`, unigrams with log-probabilities as ALBERT has them.

    The library's own trainer gives other numbers at each run. Here the pieces are those that byte pairs find, and their
    probabilities are counted in the best segmentation of the texts, some times over.
    """
    pieces = Tokenizer(models.BPE(unk_token=UNKNOWN))
    pieces.normalizer = _uncased()
    pieces.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always", split=False)]
    )
    whole = _sorted(texts, on_text)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=SPECIAL,
        limit_alphabet=min(MOST_CHARACTERS, size // 2),
        show_progress=False,
    )
    pieces.train_from_iterator(whole, trainer)
    vocabulary = pieces.get_vocab()
    names = sorted(vocabulary, key=lambda token: vocabulary[token])
    words = Counter(
        word for text in whole for word, _ in pieces.pre_tokenizer.pre_tokenize_str(pieces.normalizer.normalize_str(text))
    )
    model: models.BPE | models.Unigram = pieces.model
    for _ in range(UNIGRAM_PASSES):
        counts = dict.fromkeys(names, 0.5)
        for word, times in words.items():
            for token in model.tokenize(word):
                counts[token.value] = counts.get(token.value, 0) + times
        total = sum(counts.values())
        scores = [(name, 0.0 if name in SPECIAL else _exact(math.log(counts[name] / total))) for name in names]
        model = models.Unigram(scores, SPECIAL.index(UNKNOWN), byte_fallback=False)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer, tokenizer.pre_tokenizer = pieces.normalizer, pieces.pre_tokenizer
    return without_special_matching(tokenizer)


def _sorted(texts: Iterable[str], on_text: Callable[[], None]) -> list[str]:
    found = []
    for text in texts:
        on_text()
        found.append(text)
    return sorted(found)


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a model."""
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def special_id(tokenizer: Tokenizer, token: str) -> int:
    """The id of a special token."""
    found: int | None = tokenizer.token_to_id(token)
    if found is None:
        raise ValueError(f"the tokenizer has no {token}")
    return found


def encoder(tokenizer: Tokenizer, cache_size: int = 1_000_000) -> Callable[[str], tuple[int, ...]]:
    """A function that gives the ids of a text without special tokens; queries recur, so it remembers them."""

    @lru_cache(maxsize=cache_size)
    def encode(text: str) -> tuple[int, ...]:
        return tuple(tokenizer.encode(text, add_special_tokens=False).ids)

    return encode
