#!/usr/bin/env sh
# Rotates the key that seals the secrets of tasks; docs/operations.md tells what to do between the two. Needs Key Vault
# Secrets Officer on the vault and Website Contributor on the app.
#
#   infra/scripts/rotate-sealing-key.sh add    a new key seals, those before it still open
#   infra/scripts/rotate-sealing-key.sh drop   the newest key stays alone: what an older one sealed is lost
set -eu
: "${PLINTH_KEY_VAULT:?}" "${AZURE_FUNCTION_APP_ID:?}"
here=$(dirname "$0")
secret() {
  command=$1
  shift
  az keyvault secret "$command" --only-show-errors --vault-name "$PLINTH_KEY_VAULT" --name sealing-key --output tsv "$@"
}

# In files: a key in an argument can be read by everybody on the machine.
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
secret show --query value | tr -d '\r\n' > "$work/keys"
case "${1:-}" in
  add) { openssl rand -base64 32 | tr -d '\n'; printf ,; cat "$work/keys"; } > "$work/new" ;;
  drop)
    # Until the app has the newest key, it seals with one that is to go.
    current=$(secret show --query id)
    state=$(az rest --only-show-errors --method get --output tsv --query properties.activeVersion \
      --url "$AZURE_FUNCTION_APP_ID/config/configreferences/appsettings/PLINTH_SEALING_KEY?api-version=2022-03-01")
    if [ "$state" != "${current##*/}" ]; then
      echo "The app does not have the newest key yet, so that nothing is sealed with it: infra/scripts/refresh-key.sh" \
        "${current##*/}, and write each task once." >&2
      exit 1
    fi
    cut -d , -f 1 "$work/keys" | tr -d '\n' > "$work/new"
    ;;
  *)
    echo "usage: rotate-sealing-key.sh add|drop" >&2
    exit 2
    ;;
esac
written=$(secret set --file "$work/new" --query id)
"$here/refresh-key.sh" "${written##*/}"
