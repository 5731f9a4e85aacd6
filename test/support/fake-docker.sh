#!/bin/sh
# Stands in for `docker` where a real engine can't be made to behave this oddly. The image's name is the behaviour.
# A container is played by fake-docker.mjs; a shell answers what needs none, because Node takes ten times as long to start.

folder=$FAKE_DOCKER_FOLDER
# Of a container that is started the name comes first; in other commands a name comes last.
if [ "$1 $2" = 'run --name' ]; then
  name=$3
  echo "$$" >"$folder/$name.pid"
else
  for name in "$@"; do :; done
fi
echo "$*" >>"$folder/calls"

case $1 in
  run) exec node "${0%.sh}.mjs" "$@" ;;
  rm)
    # One that is stubborn is removed at the second time.
    if mkdir "$folder/rm-$name" 2>/dev/null && [ -e "$folder/$name.stubborn" ]; then
      echo 'Error response from daemon: context deadline exceeded' >&2
      exit 1
    fi
    kill -KILL "$(cat "$folder/$name.pid" 2>/dev/null)" 2>/dev/null && exit
    echo "Error: No such container: $name" >&2
    exit 1
    ;;
  image)
    # An image's name may be moved to another behaviour: a file of that name says which. It keeps its id's.
    behaviour=$name
    [ ! -e "$folder/$name.moved" ] || behaviour=$(cat "$folder/$name.moved")
    if [ "$behaviour" = no-image ]; then
      echo "Error: No such image: $name" >&2
      exit 1
    fi
    id=sha256:$(printf %s "$behaviour" | sha256sum | cut -d ' ' -f 1)
    printf %s "$behaviour" >"$folder/$id"
    echo "$id"
    ;;
esac
