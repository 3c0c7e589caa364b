# SPDX-License-Identifier: Apache-2.0
"""Writes the trained network as ONNX, with normalisation folded into the convolutions and softmax at the end.

Training counts rare classes more (train.WEIGHTS), and so draws thin cartilage too thick: where a voxel is as likely to be
fat, cartilage wins. Their square root is taken back here: on knees held back, volumes are then nearest to the true ones, while
all of it leaves tibial and patellar cartilage too small.
"""
import argparse
import hashlib
import os

import torch
from torch import nn
from torch.nn.utils import fusion

import network
import train


class Probabilities(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x).softmax(1)


def fused(net):
    for sequence in list(net.down) + list(net.up):
        for at in (0, 3):
            sequence[at] = fusion.fuse_conv_bn_eval(sequence[at], sequence[at + 1])
            sequence[at + 1] = nn.Identity()
    return net


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", required=True)
    parser.add_argument("--out", required=True, help=".onnx file")
    parser.add_argument("--keep", help="also writes the weights in half precision, to go on training from (train.py --state)")
    arguments = parser.parse_args()
    state = torch.load(arguments.state)
    if arguments.keep:
        half = {name: {key: value.half() if value.is_floating_point() else value for key, value in state[name].items()}
                for name in ("net", "mean")}
        torch.save({**half, "step": state["step"]}, arguments.keep + ".part")
        os.replace(arguments.keep + ".part", arguments.keep)
    net = network.KneeNet()
    net.load_state_dict(state["mean"])
    with torch.no_grad():
        net.last.bias -= 0.5 * train.WEIGHTS.log()
    net = Probabilities(fused(net.eval())).eval()
    example = torch.zeros(1, network.CHANNELS, 256, 256)
    torch.onnx.export(net, example, arguments.out + ".part", opset_version=13, input_names=["slices"],
                      output_names=["probabilities"], dynamic_axes={"slices": {0: "n", 2: "rows", 3: "columns"}})
    os.replace(arguments.out + ".part", arguments.out)
    print(arguments.out, os.path.getsize(arguments.out), hashlib.sha256(open(arguments.out, "rb").read()).hexdigest())


if __name__ == "__main__":
    main()
