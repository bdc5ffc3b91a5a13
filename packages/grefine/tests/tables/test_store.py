from __future__ import annotations

import shutil
from dataclasses import replace

import torch

from grefine.tables.sources import read_table_items
from grefine.tables.store import Entry, Store, item_key


def test_entry_comes_back_as_it_was_put(tmp_path) -> None:
    store = Store(tmp_path)
    entry = Entry(made=True, values={"p": 0.5}, errors={"a": "no prompt"})
    store.put("ours:x", "k", entry)
    assert store.get("ours:x", "k") == entry
    assert store.get("ours:y", "k") == Entry()


def test_picture_comes_back_in_steps_of_a_byte(tmp_path) -> None:
    store, pixels = Store(tmp_path), torch.rand(1, 3, 5, 7)
    assert not store.has_picture("ours", "k")
    store.put_picture("ours", "k", pixels)
    assert torch.equal(store.picture("ours", "k"), (pixels * 255).round() / 255)


def test_damaged_entry_counts_as_nothing(tmp_path) -> None:
    store = Store(tmp_path)
    store.put("ours", "k", Entry(made=True))
    (path,) = tmp_path.rglob("*.json")
    path.write_text('{"made": tru', encoding="utf-8")
    assert store.get("ours", "k") == Entry()


def test_key_is_of_the_bytes_and_the_prompt_and_not_of_the_name(data) -> None:
    first, second, *_ = read_table_items(data / "items.csv")
    shutil.copy(first.image, data / "copy.png")
    assert item_key(replace(first, image=data / "copy.png")) == item_key(first)
    assert item_key(replace(first, prompt="another")) != item_key(first)
    assert item_key(second) != item_key(first)
