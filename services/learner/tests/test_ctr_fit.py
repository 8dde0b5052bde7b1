import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gqr_learner.config import ConfigError
from gqr_learner.ctr.config import CtrConfig
from gqr_learner.ctr.evaluation.columns import Columns, day_of
from gqr_learner.ctr.evaluation.figures import figures
from gqr_learner.ctr.fit import fit
from gqr_learner.ctr.impressions import Impressions, read_impressions
from gqr_learner.ctr.metrics import logloss
from gqr_learner.ctr.synthetic import write_spans
from gqr_learner.worker import LearnerError, Worker

TINY = CtrConfig(
    layers=1, hidden=16, intermediate=32, word_vectors="none", vocabulary=600, epochs=1, threads=1, learning_rate=0.002
)


@pytest.fixture(scope="module")
def spans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Impressions]:
    files = write_spans(tmp_path_factory.mktemp("data"), 300, 200, seed=5)
    return {name: read_impressions(Path(path), name) for name, path in files.items()}


def worker() -> Worker:
    return Worker(io.StringIO())


def test_predictions_stand_in_the_order_of_the_labels(spans: dict[str, Impressions], tmp_path: Path) -> None:
    fitted = fit(TINY, spans["train"], spans["validation"], tmp_path, worker())
    told: list[int] = []
    predictions = fitted.predict(spans["validation"], told.append)
    assert predictions.shape == spans["validation"].labels().shape
    assert logloss(spans["validation"].labels(), predictions) == pytest.approx(fitted.validation_logloss, abs=1e-7)
    assert told[-1] == len(predictions)
    # Every instance by itself, as a service would ask.
    row = spans["validation"].rows[3]
    alone = fitted.predict(Impressions("one", [row]))
    first = sum(len(before.queries) for before in spans["validation"].rows[:3])
    assert np.allclose(predictions[first : first + len(alone)], alone, atol=1e-6)


def test_the_same_call_goes_on_from_its_checkpoint(spans: dict[str, Impressions], tmp_path: Path) -> None:
    first = fit(TINY, spans["train"], spans["validation"], tmp_path, worker())
    again = fit(TINY, spans["train"], spans["validation"], tmp_path, worker())
    assert again.state == first.state
    assert np.array_equal(again.predict(spans["test"]), first.predict(spans["test"]))


def without_clicks_on(day: str, span: Impressions) -> Impressions:
    rows = [replace(row, clicks=[0] * len(row.clicks)) if day_of(row.occurred_at) == day else row for row in span.rows]
    return Impressions(span.name, rows)


def test_days_without_a_click_are_learnt_from_and_judged_as_they_are(spans: dict[str, Impressions], tmp_path: Path) -> None:
    first, last = day_of(spans["train"].start), day_of(spans["test"].end)
    train, test = without_clicks_on(first, spans["train"]), without_clicks_on(last, spans["test"])
    fitted = fit(TINY, train, spans["validation"], tmp_path, worker())
    assert len(fitted.instances(train, worker())) == len(spans["train"].labels())
    assert train.labels().mean() < spans["train"].labels().mean()
    found = figures(Columns.of(test), fitted.predict(test), seed=1)
    assert found["daysWithoutClick"] == [last]
    assert found["diffCtr"] is not None
    assert found["auc"] is not None


def test_a_validation_slice_before_the_training_days_is_an_error(spans: dict[str, Impressions], tmp_path: Path) -> None:
    with pytest.raises(LearnerError, match="before validation ends"):
        fit(TINY, spans["validation"], spans["train"], tmp_path, worker())


def test_heads_that_do_not_divide_the_width_are_an_error(spans: dict[str, Impressions], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="heads: must divide hidden"):
        fit(CtrConfig(hidden=16, heads=3), spans["train"], spans["validation"], tmp_path, worker())
