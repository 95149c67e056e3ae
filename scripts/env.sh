# Sourced, not run: the environment of the workspace. Needs scripts/bootstrap once. Works from any directory, in bash and zsh.
if [ -n "${BASH_SOURCE:-}" ]; then _checkout_here=${BASH_SOURCE[0]}; else _checkout_here=$0; fi
CHECKOUT_ROOT=$(cd -- "$(dirname -- "$_checkout_here")/.." && pwd)
export CHECKOUT_ROOT
if [ ! -x "$CHECKOUT_ROOT/.venv/bin/python" ]; then
  echo "env.sh: there is no environment yet; run $CHECKOUT_ROOT/scripts/bootstrap first." >&2
  return 1 2>/dev/null || exit 1
fi
if [ "${VIRTUAL_ENV:-}" != "$CHECKOUT_ROOT/.venv" ]; then
  export VIRTUAL_ENV="$CHECKOUT_ROOT/.venv"
  export PATH="$VIRTUAL_ENV/bin:$PATH"
  # Another environment's Python settings would shadow ours.
  unset PYTHONHOME
fi
if [ "$(cat "$CHECKOUT_ROOT/.venv/.ros-from" 2>/dev/null)" = wheels ]; then
  # The wheels put ROS 2 into the environment itself; nothing of another ROS installation may be mixed in.
  export AMENT_PREFIX_PATH="$VIRTUAL_ENV" ROS_DISTRO=jazzy ROS_VERSION=2 ROS_PYTHON_VERSION=3
  unset COLCON_PREFIX_PATH CMAKE_PREFIX_PATH PYTHONPATH
  # The wheels re-execute Python once to set LD_LIBRARY_PATH, guarded by a variable that another environment may have left.
  case "${LD_LIBRARY_PATH:-}" in *"$VIRTUAL_ENV"*) ;; *) unset _ROS_WHEELS_BOOTSTRAP_COMPLETE ;; esac
fi
export RMW_IMPLEMENTATION="${RMW_IMPLEMENTATION:-rmw_fastrtps_cpp}"
export ROS_AUTOMATIC_DISCOVERY_RANGE="${ROS_AUTOMATIC_DISCOVERY_RANGE:-LOCALHOST}"
for _checkout_package in "$CHECKOUT_ROOT"/ros2_ws/install/checkout_*; do
  [ -d "$_checkout_package" ] || continue
  case ":${AMENT_PREFIX_PATH:-}:" in *":$_checkout_package:"*) continue ;; esac
  AMENT_PREFIX_PATH="$_checkout_package${AMENT_PREFIX_PATH:+:$AMENT_PREFIX_PATH}"
  for _checkout_site in "$_checkout_package"/lib/python3*/site-packages; do
    [ -d "$_checkout_site" ] && PYTHONPATH="$_checkout_site${PYTHONPATH:+:$PYTHONPATH}"
  done
  if ls "$_checkout_package"/lib/*.so >/dev/null 2>&1; then
    LD_LIBRARY_PATH="$_checkout_package/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  fi
done
# `setup.py develop` links the source folders from the build folder.
for _checkout_build in "$CHECKOUT_ROOT"/ros2_ws/build/checkout_*/setup.py; do
  [ -e "$_checkout_build" ] || continue
  case ":${PYTHONPATH:-}:" in *":$(dirname -- "$_checkout_build"):"*) continue ;; esac
  PYTHONPATH="$(dirname -- "$_checkout_build")${PYTHONPATH:+:$PYTHONPATH}"
done
export AMENT_PREFIX_PATH PYTHONPATH LD_LIBRARY_PATH
unset _checkout_here _checkout_package _checkout_site _checkout_build
