"""What lies on the card: programs, meshes, textures."""

from __future__ import annotations

from dataclasses import dataclass

import moderngl
import numpy as np
from numpy.typing import NDArray

from checkout_sim.render import shaders
from checkout_sim.shapes.parts import Model

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
_SURFACE_TAPS = 6  # samples of the shadow a pixel of an item
_PLANE_TAPS = 10  # and a point of the plane


@dataclass(frozen=True)
class Programs:
    """Hold the compiled programs of one context."""

    context: moderngl.Context
    opaque: moderngl.Program
    ground: moderngl.Program
    translucent: moderngl.Program
    plane: moderngl.Program
    depth: moderngl.Program
    height: moderngl.Program
    ident: moderngl.Program
    prints: moderngl.Program


def make_programs(context: moderngl.Context) -> Programs:
    """Compile everything."""
    surface = shaders.SURFACE_FRAGMENT.replace('TAPS', str(_SURFACE_TAPS))
    return Programs(
        context=context,
        opaque=context.program(shaders.SURFACE_VERTEX, '#version 330\n' + surface),
        ground=context.program(shaders.SURFACE_VERTEX, '#version 330\n#define GROUND\n' + surface),
        translucent=context.program(shaders.SURFACE_VERTEX, '#version 330\n#define TRANSLUCENT\n' + surface),
        plane=context.program(shaders.PLANE_VERTEX, shaders.PLANE_FRAGMENT.replace('TAPS', str(_PLANE_TAPS))),
        depth=context.program(shaders.DEPTH_VERTEX, shaders.DEPTH_FRAGMENT),
        height=context.program(shaders.HEIGHT_VERTEX, shaders.HEIGHT_FRAGMENT),
        ident=context.program(shaders.ID_VERTEX, shaders.ID_FRAGMENT),
        prints=context.program(shaders.PRINT_VERTEX, shaders.PRINT_FRAGMENT),
    )


class Mesh:
    """Hold the vertex arrays of one mesh for the passes that need it."""

    def __init__(self, programs: Programs, vertices: F32, normals: F32, uvs: F32, faces: NDArray[np.int32]) -> None:
        context = programs.context
        data = np.concatenate([vertices, normals, uvs], axis=1).astype(np.float32)
        self._vertices = context.buffer(data.tobytes())
        self._faces = context.buffer(np.ascontiguousarray(faces, np.int32).tobytes())
        full = [(self._vertices, '3f 3f 2f', 'position', 'normal', 'uv')]
        flat = [(self._vertices, '3f 12x 2f', 'position', 'uv')]
        bare = [(self._vertices, '3f 20x', 'position')]
        self.surface = context.vertex_array(programs.opaque, full, self._faces)
        self.ground = context.vertex_array(programs.ground, flat, self._faces)
        self.translucent = context.vertex_array(programs.translucent, full, self._faces)
        self.depth = context.vertex_array(programs.depth, bare, self._faces)
        self.height = context.vertex_array(programs.height, bare, self._faces)
        self.ident = context.vertex_array(programs.ident, bare, self._faces)
        self.prints = context.vertex_array(programs.prints, flat, self._faces)

    def release(self) -> None:
        """Free the buffers."""
        for array in (self.surface, self.ground, self.translucent, self.depth, self.height, self.ident, self.prints):
            array.release()
        self._vertices.release()
        self._faces.release()


class Uploaded:
    """Hold a model on the card: one mesh a part and the atlas."""

    def __init__(self, programs: Programs, model: Model) -> None:
        self.model = model  # keeps the object alive, so that its id stays its own
        self.meshes = [Mesh(programs, p.vertices, p.normals, p.uvs, p.faces) for p in model.parts]
        self.atlas = upload_texture(programs.context, model.atlas, repeat=False)

    def release(self) -> None:
        """Free everything."""
        for mesh in self.meshes:
            mesh.release()
        self.atlas.release()


def upload_texture(context: moderngl.Context, image: U8, repeat: bool) -> moderngl.Texture:
    """Put an RGB image (H, W, 3) on the card, with mipmaps."""
    height, width = image.shape[:2]
    made = context.texture((width, height), 3, np.ascontiguousarray(image).tobytes(), alignment=1)
    made.build_mipmaps()
    made.filter = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
    made.repeat_x = made.repeat_y = repeat
    return made


def write_matrix(program: moderngl.Program, name: str, matrix: F64) -> None:
    """Set a matrix uniform as OpenGL wants it: columns first, 32 bits."""
    uniform = program[name]
    assert isinstance(uniform, moderngl.Uniform)
    uniform.write(matrix.T.astype(np.float32).tobytes())
