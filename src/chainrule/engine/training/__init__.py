"""Training: the step of five lines, the loop around it, and prediction."""

from chainrule.engine.training.predict import predict
from chainrule.engine.training.results import Epoch, Progress, Trained
from chainrule.engine.training.rows import Room, make_room
from chainrule.engine.training.starting import Checkpoint
from chainrule.engine.training.stopping import EarlyStopping
from chainrule.engine.training.together import train_together
from chainrule.engine.training.train import train

__all__ = [
    "Checkpoint",
    "EarlyStopping",
    "Epoch",
    "Progress",
    "Room",
    "Trained",
    "make_room",
    "predict",
    "train",
    "train_together",
]
