"""The tokenizer of the click predictor: uncased WordPiece, trained on the queries of the training data."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

CLS, SEP, PAD, UNKNOWN = "[CLS]", "[SEP]", "[PAD]", "[UNK]"
SPECIAL = [PAD, UNKNOWN, CLS, SEP]
"""[PAD] is id 0."""

MOST_CHARACTERS = 2_000
"""Size of the alphabet; rarer characters are unknown."""

IDEOGRAPH = "[一-鿿㐀-䶿豈-﫿\U00020000-\U0002a6df\U0002a700-\U0002ebef\U0002f800-\U0002fa1f]"
"""A word of its own each. Said here and not by BertNormalizer, whose JavaScript twin does not see those beyond U+FFFF."""


def _blank() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(vocab={UNKNOWN: 0}, unk_token=UNKNOWN, max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.Sequence(
        [
            # Lower-casing makes either sigma of a final one, depending on the language that does it.
            normalizers.Replace(Regex("[Σς]"), "σ"),
            normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=True, lowercase=True),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(IDEOGRAPH), "isolated"), pre_tokenizers.BertPreTokenizer()]
    )
    return tokenizer


def _without_special_matching(tokenizer: Tokenizer) -> Tokenizer:
    """The same tokenizer, but for it "[SEP]" in a user's text is text: a query must not be able to forge the input's structure."""
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(content))


def train_tokenizer(texts: Iterable[str], size: int, on_text: Callable[[], None]) -> Tokenizer:
    """Learns a vocabulary of at most `size` tokens; the same texts give the same vocabulary."""
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
    return _without_special_matching(tokenizer)


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a model."""
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def special_id(tokenizer: Tokenizer, token: str) -> int:
    """The id of one of SPECIAL."""
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
