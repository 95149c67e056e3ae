"""Rotations and poses: quaternions are (w, x, y, z), matrices act on column vectors, lengths are metres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def quat_multiply(a: F64, b: F64) -> F64:
    """Return the rotation `b` followed by `a` as a unit quaternion."""
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    product = np.array(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ]
    )
    unit: F64 = product / np.linalg.norm(product)
    return unit


def quat_about_z(angle: float) -> F64:
    """Return the rotation by `angle` (rad) about the z axis."""
    return np.array([np.cos(angle / 2), 0.0, 0.0, np.sin(angle / 2)])


def quat_about_x(angle: float) -> F64:
    """Return the rotation by `angle` (rad) about the x axis."""
    return np.array([np.cos(angle / 2), np.sin(angle / 2), 0.0, 0.0])


def rotation_matrix(quat: F64) -> F64:
    """Return the 3x3 matrix of a unit quaternion."""
    w, x, y, z = quat
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def pose_matrix(pos: F64, quat: F64) -> F64:
    """Return the 4x4 matrix that takes points of a body into the frame in which its pose is given."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_matrix(quat)
    matrix[:3, 3] = pos
    return matrix


def nlerp(a: F64, b: F64, share: float) -> F64:
    """Blend two unit quaternions along the shorter arc; good for the small steps between recorded poses."""
    if float(a @ b) < 0.0:
        b = -b
    blend = a * (1.0 - share) + b * share
    return blend / np.linalg.norm(blend)


def look_at(eye: F64, target: F64, up: F64) -> F64:
    """Return the matrix world -> camera (x right, y down, z forward) of a camera at `eye` that looks at `target`."""
    forward = np.asarray(target, float) - eye
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, up)
    right = right / np.linalg.norm(right)
    down = np.cross(forward, right)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([right, down, forward])
    matrix[:3, 3] = -matrix[:3, :3] @ eye
    return matrix
