"""Made-up findings around a described network: the parts of a report after its layers."""

import numpy as np
from described_model import CLASSES

SIDE, TOPS, LEFTS = 6, [0, 3, 6, 9, 12, 14], [0, 3, 6, 9, 11]  # patches on 20x17 pixels
EPOCHS = [0, 1, 3]
HISTORY = [
    {"epoch": 1, "loss": 1.5, "accuracy": 0.25, "validation_loss": 1.25, "best": False},
    {"epoch": 2, "loss": 0.75, "accuracy": 0.5, "validation_loss": None, "best": False},
    {"epoch": 3, "loss": 0.5, "accuracy": 0.875, "validation_loss": 0.625, "best": True},
]
FACTS = [{"name": "Accuracy", "value": "91.7 %", "detail": "<i>90</i> to 93 %, 600 pictures"}]
DATA = [{"name": "Pictures", "value": "4,000", "detail": "2,800 to learn from"}]
LIMITS = ["It knows 6 classes & nothing else."]


def add_parts(report, tensors):
    """Add parts 2 to 5 to a described network."""
    generator = np.random.default_rng(1)

    def keep(array) -> int:
        tensors.append(np.ascontiguousarray(array))
        return len(tensors) - 1

    def draw_pixels(*shape) -> int:
        return keep(generator.integers(0, 256, (*shape, 3), dtype=np.uint8))

    def describe_answer(label, predicted, number):
        path, confidence = f"{CLASSES[label]}/{number}.png", 0.95 - number / 10
        names = {"label": CLASSES[label], "predicted": CLASSES[predicted]}
        return {**names, "path": path, "confidence": confidence, "pixels": draw_pixels(8, 7)}

    for number, picture in enumerate(report["pictures"]):
        attention = generator.normal(size=(5, 4)).astype(np.float32)
        falls = generator.normal(size=(len(TOPS), len(LEFTS))).astype(np.float32)
        picture["attention"] = keep(attention) if number != 3 else None  # as without feature maps
        picture["occlusion"] = keep(falls)
    report["occlusion"] = {"side": SIDE, "tops": TOPS, "lefts": LEFTS}
    report["augmentation"] = describe_augmentation(report["pictures"][1], draw_pixels)
    frames = [keep(generator.normal(size=(5, 3, 3, 10)).astype(np.float32)) for _ in EPOCHS]
    kernels = {"layer": "conv2d", "epochs": EPOCHS, "frames": frames}
    report["learning"] = {"history": HISTORY, "kernels": kernels}
    counts = np.diag([9, 8, 7, 6, 5, 1000])
    counts[1, 4], counts[4, 0] = 2, 1
    report["confusion"] = {
        "counts": counts.tolist(),
        "cells": [
            {
                "label": CLASSES[row],
                "predicted": CLASSES[column],
                "pictures": [
                    describe_answer(row, column, at) for at in range(min(3, counts[row, column]))
                ],
            }
            for row, column in np.argwhere(counts)
        ],
    }
    places = [(0, 0), (10, 0), (10, 10), (0, 10), (5, 5)]
    thumbnails = generator.integers(0, 256, (len(places), 8, 7, 3), dtype=np.uint8)
    report["map"] = {
        "method": "PCA",
        "variance": 0.614,
        "thumbnails": keep(thumbnails),
        "points": [
            {
                "x": x,
                "y": y,
                "label": "ant",
                "predicted": "bee" if at == 2 else "ant",
                "path": f"{at}",
            }
            for at, (x, y) in enumerate(places)
        ],
    }
    report["trust"] = {
        "facts": FACTS,
        "data": DATA,
        "limits": LIMITS,
        "mistakes": [describe_answer(1, 4, at) for at in range(2)],
    }
    return report, tensors


def describe_augmentation(picture, draw_pixels):
    """Two draws that leave the answer to a picture as it was, and one that changes it."""
    kept = [float(name == picture["predicted"]) for name in CLASSES]
    other = "cat" if picture["predicted"] != "cat" else "dog"
    changed = [0.625 if name == other else 0.075 for name in CLASSES]

    def describe_draw(arguments, probabilities):
        pixels = draw_pixels(20, 17)
        return {"pixels": pixels, "arguments": arguments, "probabilities": probabilities}

    turned = [describe_draw({"angle": -12.34, "scale": 1.25}, each) for each in (kept, changed)]
    holes = [describe_draw({"holes": [[2, 3, 6, 8]], "p_drawn": 0.5}, kept)]
    return {
        "picture": 1,
        "transforms": [
            {"name": "SafeRotate", "probability": 0.5, "draws": turned},
            {"name": "CoarseDropout", "probability": 1, "draws": holes},
        ],
    }


def name_many_classes(report, count):
    """Let a confusion matrix have so many classes, of each of which one is mistaken."""
    names = CLASSES + [f"class number {at}" for at in range(len(CLASSES), count)]
    counts = np.diag(np.full(count, 7)) + np.eye(count, k=1, dtype=int)
    confusion = {"counts": counts.tolist(), "cells": []}
    pictures = [
        {**each, "probabilities": each["probabilities"] + [0.0] * (count - len(CLASSES))}
        for each in report["pictures"]
    ]
    return {**report, "class_names": names, "confusion": confusion, "pictures": pictures}
