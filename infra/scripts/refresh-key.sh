#!/usr/bin/env sh
# Has App Service read the sealing key from the vault, and the app start with it. App Service keeps what it read for a
# day, and so it does with "not found" or "not allowed"; a restart alone reads nothing anew.
# https://learn.microsoft.com/azure/app-service/app-service-key-vault-references#understand-rotation
#
#   infra/scripts/refresh-key.sh [VERSION]   the version of the secret that the app must have; else any
set -eu
: "${AZURE_FUNCTION_APP_ID:?}"
wanted=${1:-}
# az puts Azure's address before a resource id.
references=$AZURE_FUNCTION_APP_ID/config/configreferences/appsettings
version='api-version=2022-03-01'

# Whether the app's setting is the secret, in the wanted version.
fresh() {
  state=$(az rest --only-show-errors --method get --url "$references/PLINTH_SEALING_KEY?$version" --output tsv \
    --query "join(' ', [properties.status, properties.activeVersion || ''])") || exit 1
  [ "${state%% *}" = Resolved ] && { [ -z "$wanted" ] || [ "${state#* }" = "$wanted" ]; }
}

if fresh; then
  echo "The app has the sealing key."
  exit
fi
tries=30
while :; do
  az rest --only-show-errors --output none --method post --url "$references/refresh?$version"
  sleep "${PLINTH_RETRY_SECONDS:-10}"
  if fresh; then break; fi
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ]; then
    echo "App Service does not read the sealing key: $state. Has the app's identity the role Key Vault Secrets User on" \
      "it, and does the vault let the app in?" >&2
    exit 1
  fi
  echo "App Service has not read the sealing key yet ($state); again in ${PLINTH_RETRY_SECONDS:-10} s."
done
az rest --only-show-errors --output none --method post --url "$AZURE_FUNCTION_APP_ID/restart?$version"
echo "The app has the sealing key, and starts again with it."
