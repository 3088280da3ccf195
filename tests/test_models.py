"""Models are loaded with their weights or not at all, and say which they are."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra clip")
np = pytest.importorskip("numpy")

from optout.embeddings.libraries import import_open_clip  # noqa: E402
from optout.embeddings.models import load_clip, load_sscd  # noqa: E402
from optout.embeddings.views import views  # noqa: E402
from optout.errors import EmbeddingError  # noqa: E402
from tests.clip_model import CONFIG, picture, save_clip, save_sscd  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("clip") / "tiny")


def test_the_model_of_a_folder_describes_pictures_and_texts(folder: Path) -> None:
    model = load_clip(f"local-dir:{folder}")
    found = model.pictures([picture(1), picture(2, 200, 50)])
    assert found.shape == (2, 32)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.array_equal(found, model.pictures([picture(1), picture(2, 200, 50)]))
    assert model.texts is not None
    texts = model.texts(["a red fox", "a blue car"])
    assert texts.shape == (2, 32)
    assert np.allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5)
    assert model.tokens is not None
    assert model.tokens([picture(1)]).shape == (1, 4, 32)
    # Asking for tokens leaves the vectors as they were.
    assert np.array_equal(found, model.pictures([picture(1), picture(2, 200, 50)]))


def test_the_identity_names_weights_preprocessing_and_activation(folder: Path) -> None:
    found = load_clip(f"local-dir:{folder}").identity
    assert found.name == "tiny"
    assert len(found.weights_sha256) == 64
    assert found.preprocess.startswith("32 shortest bicubic mean 0.4815/")
    assert not found.quick_gelu
    assert found.dimensions == 32


def test_another_activation_is_another_identity(folder: Path, tmp_path: Path) -> None:
    quick = load_clip(f"local-dir:{save_clip(tmp_path / 'tiny', quick_gelu=True)}")
    plain = load_clip(f"local-dir:{folder}")
    assert quick.identity.quick_gelu
    assert not np.allclose(quick.pictures([picture(1)]), plain.pictures([picture(1)]), atol=1e-4)


@pytest.fixture
def by_name(tmp_path: Path, folder: Path) -> Path:
    """open_clip knows the models `tiny` and `tiny-quickgelu`; the weights are a file."""
    open_clip = import_open_clip()
    for name, quick in (("tiny", False), ("tiny-quickgelu", True)):
        (tmp_path / f"{name}.json").write_text(json.dumps({**CONFIG, "quick_gelu": quick}))
        open_clip.add_model_config(tmp_path / f"{name}.json")
    weights = tmp_path / "weights.safetensors"
    shutil.copy(folder / "open_clip_model.safetensors", weights)
    return weights


def test_a_name_and_a_file_give_the_same_vectors_as_the_folder(by_name: Path, folder: Path) -> None:
    named = load_clip("tiny", str(by_name))
    assert np.array_equal(
        named.pictures([picture(1)]), load_clip(f"local-dir:{folder}").pictures([picture(1)])
    )
    assert named.identity.name == "tiny"


def test_a_state_dict_of_torch_is_read_too(by_name: Path, folder: Path) -> None:
    from safetensors.torch import load_file

    saved = by_name.with_suffix(".pt")
    torch.save({"state_dict": load_file(by_name)}, saved)
    assert np.array_equal(
        load_clip("tiny", str(saved)).pictures([picture(1)]),
        load_clip("tiny", str(by_name)).pictures([picture(1)]),
    )


REFUSED = {
    "no weights": ("tiny", "", "no weights for tiny"),
    "no such file": ("tiny", "nowhere.pt", "there is no file nowhere.pt"),
    "unknown model": ("ViT-Z-99", "x.pt", "open_clip knows no model ViT-Z-99"),
    "no folder": ("local-dir:/nowhere", "", "holds no open_clip_config.json"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.usefixtures("by_name")
def test_without_weights_there_is_no_model(case: str) -> None:
    name, weights, message = REFUSED[case]
    with pytest.raises(EmbeddingError, match=message):
        load_clip(name, weights)


def test_a_folder_without_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "open_clip_config.json", tmp_path)
    with pytest.raises(EmbeddingError, match="no weights file"):
        load_clip(f"local-dir:{tmp_path}")


@pytest.mark.parametrize("content", [b"", b"not weights", b"PK\x03\x04"], ids=repr)
def test_damaged_weights_are_one_sentence(by_name: Path, content: bytes) -> None:
    by_name.write_bytes(content)
    with pytest.raises(EmbeddingError, match="cannot be loaded into tiny"):
        load_clip("tiny", str(by_name))


def test_weights_of_another_size_are_refused(by_name: Path, tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match="cannot be loaded into ViT-B-32"):
        load_clip("ViT-B-32", str(by_name))


def test_a_pickle_that_runs_code_is_not_run(by_name: Path) -> None:
    import pickle

    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (by_name.with_name("ran"),))

    by_name.with_suffix(".pt").write_bytes(pickle.dumps({"state_dict": Trap()}))
    with pytest.raises(EmbeddingError):
        load_clip("tiny", str(by_name.with_suffix(".pt")))
    assert not by_name.with_name("ran").exists()


def test_weights_trained_with_quickgelu_are_refused_by_a_plain_model(by_name: Path) -> None:
    openai = by_name.rename(by_name.with_name("tiny-openai.safetensors"))
    with pytest.raises(
        EmbeddingError, match="was trained with QuickGELU, tiny computes GELU"
    ) as no:
        load_clip("tiny", str(openai))
    assert "tiny-quickgelu" in no.value.hint
    assert load_clip("tiny-quickgelu", str(openai)).identity.quick_gelu


def test_known_weights_are_recognised_by_their_hash(
    by_name: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hashes in open_clip's table are those of real files: one stands for ours here."""
    from optout.embeddings import models

    openai = "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
    laion = "ViT-B-32 laion400m_e32: 46683a32" and "46683a32" + "0" * 56
    for sha256, name in ((openai, "tiny"), (laion, "tiny")):
        monkeypatch.setattr(models, "sha256_of", lambda _, sha256=sha256: sha256)
        with pytest.raises(EmbeddingError, match="QuickGELU"):
            load_clip(name, str(by_name))


def test_a_copy_descriptor_is_a_script(tmp_path: Path) -> None:
    model = load_sscd(save_sscd(tmp_path / "sscd.pt"))
    found = model.pictures([picture(1), picture(1, 300, 100)])
    assert found.shape == (2, 24)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert model.identity.name == "sscd"
    assert model.identity.preprocess == "320 squash"
    assert model.texts is None


@pytest.mark.parametrize("content", [b"", b"PK", b"x" * 1000], ids=["empty", "zip", "text"])
def test_what_is_no_script_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(EmbeddingError, match="no TorchScript model"):
        load_sscd(tmp_path / "x.pt")


def test_open_clip_loads_beside_a_torchvision_without_its_compiled_part() -> None:
    code = (
        "from optout.embeddings.libraries import import_open_clip, import_torch\n"
        "import_torch(); import_open_clip(); print('loaded')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["loaded"], done.stderr


def test_a_border_that_the_middle_square_leaves_out_is_in_another_view() -> None:
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, :60] = 255
    seen = {name: view.mean() for name, view in views(wide)}
    assert seen["first end"] > 100
    assert seen["last end"] == 0
    tall = {name for name, _ in views(wide.transpose(1, 0, 2))}
    assert tall == set(seen)
    assert len(views(np.zeros((100, 110, 3), np.uint8))) == 6
