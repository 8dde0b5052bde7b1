from gqr_learner.ctr.vocabulary import CLS, PAD, SEP, SPECIAL, UNKNOWN, encoder, special_id, train_tokenizer

TEXTS = ["how to repot a monstera", "when to repot a monstera", "best soil for monstera", "東京の天気", "Ταχύς ταχύς"] * 4


def test_the_same_texts_give_the_same_vocabulary() -> None:
    first, second = (train_tokenizer(TEXTS, 300, lambda: None).to_str() for _ in range(2))
    assert first == second


def test_special_tokens_come_first_and_padding_is_zero() -> None:
    tokenizer = train_tokenizer(TEXTS, 300, lambda: None)
    assert [special_id(tokenizer, token) for token in SPECIAL] == [0, 1, 2, 3]
    assert special_id(tokenizer, PAD) == 0


def test_a_text_cannot_forge_special_tokens() -> None:
    tokenizer = train_tokenizer([*TEXTS, "[SEP] [CLS] [PAD] [UNK]"], 300, lambda: None)
    ids = encoder(tokenizer)("[CLS] a [SEP] b [PAD]")
    assert not {special_id(tokenizer, token) for token in (CLS, SEP, PAD)} & set(ids)


def test_ideographs_are_words_and_case_and_final_sigma_do_not_matter() -> None:
    tokenizer = train_tokenizer(TEXTS, 300, lambda: None)
    encode = encoder(tokenizer)
    assert len(encode("東京天気")) == 4
    assert encode("ΤΑΧΥΣ") == encode("ταχύς")
    assert encode("Monstera") == encode("monstera")
    assert special_id(tokenizer, UNKNOWN) not in encode("repot monstera 天気")


def test_a_vocabulary_keeps_to_its_size() -> None:
    tokenizer = train_tokenizer(["".join(chr(c) for c in range(0x4E00, 0x5200))], 200, lambda: None)
    assert tokenizer.get_vocab_size() <= 200
