#!/usr/bin/env sh
# Hands the dead letters to the function again, oldest first, and deletes each that it took. What it handled already it
# leaves alone, so this may be run at any time. Needs Storage Blob Data Contributor on the account and the right to
# read the function app's keys (Website Contributor).
#
#   set -a; eval "$(azd env get-values)"; set +a; infra/scripts/replay-dead-letters.sh
set -eu
: "${AZURE_FUNCTION_NAME:?}" "${AZURE_FUNCTION_URL:?}" "${AZURE_RESOURCE_GROUP:?}" "${PLINTH_DATA_ACCOUNT:?}"
blob() {
  command=$1
  shift
  az storage blob "$command" --only-show-errors --auth-mode login --account-name "$PLINTH_DATA_ACCOUNT" \
    --container-name dead-letters "$@"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# In a file: every process on the machine can read a key in an argument.
umask 077
printf 'x-functions-key: %s\n' "$(az functionapp keys list --name "$AZURE_FUNCTION_NAME" \
  --resource-group "$AZURE_RESOURCE_GROUP" --query systemKeys.eventgrid_extension --output tsv)" > "$work/key"

blob list --query 'sort_by(@, &properties.creationTime)[].name' --output tsv > "$work/names"
taken=0
while IFS= read -r name; do
  blob download --name "$name" --file "$work/events" --no-progress --output none
  status=$(curl --silent --show-error --output "$work/answer" --write-out '%{http_code}' --max-time 120 \
    --header @"$work/key" --header 'aeg-event-type: Notification' --header 'content-type: application/json' \
    --data-binary @"$work/events" "$AZURE_FUNCTION_URL/runtime/webhooks/eventgrid?functionName=imagePushed") || status=000
  case "$status" in
    2*) ;;
    *)
      echo "$name was not taken: $status $(cat "$work/answer" 2>/dev/null)" >&2
      exit 1
      ;;
  esac
  blob delete --name "$name" --output none
  taken=$((taken + 1))
done < "$work/names"
echo "$taken dead letters were taken."
