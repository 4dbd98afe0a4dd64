#!/bin/sh
# {{MARK}}
# The name runbooks know. The options of the script that once had it are accepted and mean nothing here.
for word; do
  shift
  case $word in
    --ignore_introspection=* | --ignore_metrics=* | --eks_hybrid=*)
      echo "note: $word is ignored: what does not answer is left out and named in MANIFEST.json" >&2 ;;
    *) set -- "$@" "$word" ;;
  esac
done
exec {{EXECUTABLE}} support-bundle "$@"
