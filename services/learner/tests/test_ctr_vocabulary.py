import json

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from gqr_learner.ctr.backbones import BACKBONES, model_name, parse_model_name
from gqr_learner.ctr.vocabulary import CLS, PAD, SEP, UNKNOWN, agreed, encoder, special_id, train_wordpiece

TEXTS = ["how to repot a monstera", "when to repot a monstera", "best soil for monstera", "東京の天気", "Ταχύς ταχύς"] * 4
every_backbone = pytest.mark.parametrize("name", list(BACKBONES))


@every_backbone
def test_the_same_texts_give_the_same_vocabulary(name: str) -> None:
    first, second = (BACKBONES[name].train_tokenizer(TEXTS, 400, lambda: None).to_str() for _ in range(2))
    assert first == second


@every_backbone
def test_special_tokens_come_first(name: str) -> None:
    tokenizer = BACKBONES[name].train_tokenizer(TEXTS, 400, lambda: None)
    assert [special_id(tokenizer, token) for token in BACKBONES[name].special] == [0, 1, 2, 3]


def test_padding_is_zero() -> None:
    assert special_id(train_wordpiece(TEXTS, 300, lambda: None), PAD) == 0


@every_backbone
def test_a_text_cannot_forge_special_tokens(name: str) -> None:
    backbone = BACKBONES[name]
    forged = "[SEP] [CLS] [PAD] [UNK] <s> </s> <pad> <s></s>"
    tokenizer = backbone.train_tokenizer([*TEXTS, *[forged] * 20], 600, lambda: None)
    ids = encoder(tokenizer)(f"a {forged} b")
    assert not {special_id(tokenizer, token) for token in (backbone.cls, backbone.sep)} & set(ids)


@every_backbone
def test_frequent_words_are_one_token_each(name: str) -> None:
    tokenizer = BACKBONES[name].train_tokenizer(TEXTS * 3, 500, lambda: None)
    assert len(encoder(tokenizer)("repot monstera")) == 2


def test_ideographs_are_words_and_case_and_final_sigma_do_not_matter() -> None:
    tokenizer = train_wordpiece(TEXTS, 300, lambda: None)
    encode = encoder(tokenizer)
    assert len(encode("東京天気")) == 4
    assert encode("ΤΑΧΥΣ") == encode("ταχύς")
    assert encode("Monstera") == encode("monstera")
    assert special_id(tokenizer, UNKNOWN) not in encode("repot monstera 天気")


def test_the_tokenizer_of_a_bert_from_elsewhere_gives_its_own_ids() -> None:
    """It is changed for its JavaScript twin, which would take a final sigma for ΤΑΧΥΣ and two ideographs for one word."""
    words = [UNKNOWN, CLS, SEP, "ταχυσ", "ταχυς", "\U00020000", "\U00020001", "monstera", "##s"]
    theirs = Tokenizer(models.WordPiece({word: id for id, word in enumerate(words)}, unk_token=UNKNOWN))
    theirs.normalizer = normalizers.BertNormalizer(lowercase=True)
    theirs.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ours = agreed(Tokenizer.from_str(theirs.to_str()))
    for text in ("ΤΑΧΥΣ", "ταχύς", "\U00020000\U00020001", "Monsteras, monstera"):
        assert list(encoder(ours)(text)) == theirs.encode(text, add_special_tokens=False).ids
    written = ours.to_str()
    assert "Split" in written
    assert "Σ" in written


def test_sums_of_unigram_scores_do_not_depend_on_their_order() -> None:
    scores = json.loads(BACKBONES["albert"].train_tokenizer(TEXTS, 400, lambda: None).to_str())["model"]["vocab"]
    assert all((score * 2**12).is_integer() for _, score in scores)
    foreign = Tokenizer(models.Unigram([("<unk>", 0.0), ("a", -1 / 3), ("aa", -2 / 3)], 0, byte_fallback=False))
    vocabulary = dict(json.loads(agreed(foreign).to_str())["model"]["vocab"])
    assert (vocabulary["a"] * 2**12).is_integer()
    assert vocabulary["a"] == pytest.approx(-1 / 3, abs=1e-3)


def test_byte_pairs_know_every_character() -> None:
    tokenizer = BACKBONES["roberta"].train_tokenizer(TEXTS, 400, lambda: None)
    ids = encoder(tokenizer)("🙂 Ж never seen")
    assert special_id(tokenizer, "<unk>") not in ids
    assert encoder(tokenizer)("a\ufeffb") == encoder(tokenizer)("a b")


@pytest.mark.parametrize(("name", "size"), [("bert", 200), ("roberta", 300), ("albert", 200)])
def test_a_vocabulary_keeps_to_its_size(name: str, size: int) -> None:
    texts = ["".join(chr(c) for c in range(0x4E00, 0x5200))]
    assert BACKBONES[name].train_tokenizer(texts, size, lambda: None).get_vocab_size() <= size


def test_tokens_are_read_as_words() -> None:
    assert [BACKBONES[name].word(token) for name, token in (("bert", "##ing"), ("roberta", "Ġéa"), ("albert", "\u2581tea"))] == [
        "ing",
        "\ufffda",
        "tea",
    ]


def test_models_go_by_backbone_and_variant() -> None:
    names = [model_name(backbone, variant) for backbone in BACKBONES for variant in ("base", "pid", "ctx")]
    assert names[:3] == ["bert", "bert+pid", "bert+ctx"]
    assert [model_name(*parse_model_name(name)) for name in names] == names
