"""Stack files: what they may say, and what is said about what they may not."""

import pytest

from checkout_bringup.stacks import Answers, load_stack, read_arguments, stack_names
from checkout_core.errors import CheckoutError

WORKING = """
summary: A stack for tests.
arguments:
  namespace: {default: /station_1, doc: Where it runs.}
  seed: {default: 1, doc: A number.}
  rate_hz: {type: float, doc: How often.}
  source: {default: 'sim:${seed}', doc: Where images come from.}
  quality: {optional: true, type: int, doc: Left to the node.}
  mode: {default: fast, choices: [fast, slow], doc: How.}
nodes:
  camera:
    package: p
    executable: e
    host: edge
    parameter_file: config/camera.param.yaml
    parameters: {source: '${source}', rate_hz: '${rate_hz}', list: [1, '${seed}'], quality: '${quality}'}
    remappings: {image: 'tray/image'}
    env: {SEED: '${seed}'}
    restart: {max_tries: 3}
  cart:
    package: p
    executable: e
    host: server
    required: false
    finishes: true
    answers:
      - {input: tray/contents, outputs: [cart, cart/events]}
"""


@pytest.fixture
def stack_file(tmp_path):
    def write(text):
        path = tmp_path / 'mine.yaml'
        path.write_text(text, encoding='utf-8')
        return str(path)

    return write


def test_a_stack_says_everything_about_its_nodes(stack_file):
    stack = load_stack(stack_file(WORKING), {'rate_hz': '5', 'seed': '7'})
    camera, cart = stack.nodes
    assert (stack.name, stack.namespace) == ('mine', '/station_1')
    assert camera.parameters == {'source': 'sim:7', 'rate_hz': 5.0, 'list': [1, 7]}
    assert type(camera.parameters['rate_hz']) is float
    assert camera.env == {'SEED': '7'}
    assert camera.remappings == (('image', 'tray/image'),)
    assert (camera.required, camera.finishes, camera.restart.max_tries) == (True, False, 3)
    assert cart.answers == (Answers('tray/contents', ('cart', 'cart/events')),)
    assert (cart.required, cart.finishes) == (False, True)


def test_an_optional_argument_leaves_the_default_to_the_node(stack_file):
    path = stack_file(WORKING)
    assert 'quality' not in load_stack(path, {'rate_hz': 5}).node('camera').parameters
    assert load_stack(path, {'rate_hz': 5, 'quality': '90'}).node('camera').parameters['quality'] == 90


def test_host_roles_and_names_select_nodes(stack_file):
    stack = load_stack(stack_file(WORKING), {'rate_hz': 1})
    assert [node.name for node in stack.on_host('server').nodes] == ['cart']
    assert [node.name for node in stack.without('cart').nodes] == ['camera']
    with pytest.raises(CheckoutError, match="no node 'nobody'"):
        stack.without('nobody')
    with pytest.raises(CheckoutError, match='no host role'):
        stack.on_host('moon')


def test_what_a_user_sets_is_not_substituted_again(stack_file):
    stack = load_stack(stack_file(WORKING), {'rate_hz': 1, 'source': 'gstreamer:x ! ${y}'})
    assert stack.node('camera').parameters['source'] == 'gstreamer:x ! ${y}'


OVERRIDES = [
    ('an unknown argument', {'colour': 'red'}, "no argument 'colour'; it has mode, namespace"),
    ('a required one left out', {}, r'needs rate_hz \(How often\); give --set rate_hz=VALUE'),
    ('a text for a number', {'rate_hz': '1', 'seed': 'seven'}, r"seed: 'seven' is no int"),
    ('a fraction for a whole number', {'rate_hz': '1', 'seed': '1.5'}, r"seed: '1.5' is no int"),
    (
        'a value that is no choice',
        {'rate_hz': '1', 'mode': 'odd'},
        "mode: 'odd' is not possible; choose one of fast, slow",
    ),
    ('a namespace that is none', {'rate_hz': '1', 'namespace': 'a b'}, 'no ROS namespace'),
]


@pytest.mark.parametrize(('given', 'message'), [case[1:] for case in OVERRIDES], ids=[case[0] for case in OVERRIDES])
def test_wrong_arguments_are_explained(stack_file, given, message):
    with pytest.raises(CheckoutError, match=message):
        load_stack(stack_file(WORKING), given)


HEAD = 'summary: s\narguments: {namespace: {default: /s, doc: d.}}\n'
BROKEN = [
    ('no YAML', 'a: [', 'not valid YAML'),
    ('a list', '- a', 'the file must be a mapping'),
    ('no summary', 'nodes: {}', 'summary is missing; add it'),
    ('a misspelt key', HEAD + 'node: {}', "node is unknown; did you mean 'nodes'"),
    (
        'a misspelt key of a node',
        HEAD + 'nodes: {a: {package: p, executable: e, paramters: {}}}',
        "did you mean 'parameters'",
    ),
    ('no executable', HEAD + 'nodes: {a: {package: p}}', 'a.executable is missing'),
    ('a node name with capitals', HEAD + 'nodes: {A: {package: p, executable: e}}', 'nodes.A is no node name'),
    ('a wrong host', HEAD + 'nodes: {a: {package: p, executable: e, host: moon}}', 'must be one of edge, server'),
    (
        'a nested parameter',
        HEAD + 'nodes: {a: {package: p, executable: e, parameters: {b: {c: 1}}}}',
        'parameters.b must be',
    ),
    (
        'an unknown reference',
        HEAD + "nodes: {a: {package: p, executable: e, parameters: {b: '${c}'}}}",
        'is no argument',
    ),
    (
        'an optional argument within a text',
        'summary: s\narguments: {namespace: {default: /s, doc: d.}, '
        "b: {optional: true, doc: d.}}\nnodes: {a: {package: p, executable: e, parameters: {c: 'x${b}'}}}",
        'can only stand alone',
    ),
    ('a wrong policy', HEAD + 'nodes: {a: {package: p, executable: e, restart: {after: often}}}', 'after.*must be'),
    ('an argument without a sentence', 'summary: s\narguments: {b: {default: 1}}', 'arguments.b.doc is missing'),
    (
        'defaults in a circle',
        "summary: s\narguments: {a: {default: '${b}', doc: d.}, b: {default: '${a}', doc: d.}}",
        'need each other',
    ),
    ('an unknown include', 'summary: s\ninclude: [nowhere]', "no stack 'nowhere'"),
]


@pytest.mark.parametrize(('text', 'message'), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_broken_files_are_explained(stack_file, text, message):
    with pytest.raises(CheckoutError, match=message):
        load_stack(stack_file(text))


def test_a_file_that_includes_itself_is_refused(stack_file, tmp_path):
    path = str(tmp_path / 'mine.yaml')
    with pytest.raises(CheckoutError, match='includes itself'):
        load_stack(stack_file(f"summary: s\ninclude: ['{path}']\n"))


def test_an_including_file_speaks_last(tmp_path):
    (tmp_path / 'part.yaml').write_text(WORKING, encoding='utf-8')
    whole = tmp_path / 'whole.yaml'
    whole.write_text(
        f"summary: s\ninclude: '{tmp_path}/part.yaml'\narguments: {{rate_hz: {{default: 2.0}}}}\n", encoding='utf-8'
    )
    assert load_stack(str(whole)).values['rate_hz'] == 2.0
    whole.write_text(whole.read_text() + 'nodes: {cart: {package: p, executable: e}}\n', encoding='utf-8')
    with pytest.raises(CheckoutError, match=r'nodes.cart is described in an included file'):
        load_stack(str(whole))


def test_a_node_of_an_included_file_can_be_extended(tmp_path):
    (tmp_path / 'part.yaml').write_text(
        HEAD + 'nodes: {a: {package: p, executable: e, host: server, parameters: {b: 1, c: 2}, '
        'answers: [{input: i, outputs: [o]}]}, d: {package: p, executable: e}}',
        encoding='utf-8',
    )
    top = f"summary: t\ninclude: '{tmp_path}/part.yaml'\n"
    whole = tmp_path / 'whole.yaml'
    whole.write_text(
        top + 'nodes: {a: {extends: true, parameters: {c: 3, f: [x, y]}, answers: [{input: j, outputs: [o, q]}]}}',
        encoding='utf-8',
    )
    stack = load_stack(str(whole))
    assert [node.name for node in stack.nodes] == ['a', 'd']
    node = stack.node('a')
    assert (node.package, node.host) == ('p', 'server')
    assert node.parameters == {'b': 1, 'c': 3, 'f': ['x', 'y']}
    assert [answer.input for answer in node.answers] == ['j']

    whole.write_text(top + 'nodes: {z: {extends: true}}', encoding='utf-8')
    with pytest.raises(CheckoutError, match=r'nodes.z extends nothing'):
        load_stack(str(whole))
    whole.write_text(top + 'nodes: {a: {extends: true, paramters: {}}}', encoding='utf-8')
    with pytest.raises(CheckoutError, match=r"did you mean 'parameters'"):
        load_stack(str(whole))


def test_unknown_stacks_and_files_are_explained(tmp_path):
    for name in ('nowhere', '../sim', '_nothing', str(tmp_path / 'no.yaml')):
        with pytest.raises(CheckoutError):
            load_stack(name)


@pytest.mark.parametrize('name', stack_names())
def test_every_shipped_stack_loads(name):
    given = {
        argument.name: 'x' for argument in read_arguments(name) if argument.default is None and not argument.optional
    }
    stack = load_stack(name, given)
    assert stack.nodes
    for argument in stack.arguments:
        assert argument.doc.endswith('.'), f'{argument.name} needs a sentence'
        if argument.name != 'namespace':  # every stack has one
            assert any(f'${{{argument.name}}}' in text for text in _sources()), f'{argument.name} is used nowhere'


def _sources():
    from importlib import resources

    return [path.read_text(encoding='utf-8') for path in (resources.files('checkout_bringup') / 'stacks').iterdir()]
