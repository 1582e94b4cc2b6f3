#!/usr/bin/env sh
# Hands the registries' events to the deployed function: infra/events.bicep. azd runs it after each deployment of code;
# by hand it needs the variables below, all of them outputs or parameters of main.bicep. With PLINTH_APPLY_EVENTS=false it
# does nothing: for who may deploy the code and nothing else.
set -eu
cd "$(dirname "$0")/../.."
if [ "${PLINTH_APPLY_EVENTS:-true}" = false ]; then
  echo "PLINTH_APPLY_EVENTS is false: the event subscriptions stay as they are."
  exit
fi
: "${AZURE_SUBSCRIPTION_ID:?}" "${AZURE_ENV_NAME:?}" "${AZURE_RESOURCE_GROUP:?}" "${AZURE_FUNCTION_APP_ID:?}"
: "${PLINTH_DATA_ACCOUNT_ID:?}" "${PLINTH_REGISTRIES:?}"

said=$(mktemp)
trap 'rm -f "$said"' EXIT
# Event Grid takes only a function that Azure lists already, which it does a moment after a deployment.
tries=6
until az deployment group create --only-show-errors --output none --subscription "$AZURE_SUBSCRIPTION_ID" \
  --resource-group "$AZURE_RESOURCE_GROUP" --name "plinth-events-$AZURE_ENV_NAME" \
  --template-file infra/events.bicep --parameters \
  environmentName="$AZURE_ENV_NAME" functionAppId="$AZURE_FUNCTION_APP_ID" \
  dataAccountId="$PLINTH_DATA_ACCOUNT_ID" registries="$PLINTH_REGISTRIES" 2> "$said"; do
  cat "$said" >&2
  if grep -q AuthorizationFailed "$said"; then
    echo "The event subscriptions were not made: a right is missing, docs/deploy-azd.md lists them. Who may deploy" \
      "the code alone sets PLINTH_APPLY_EVENTS to false (azd env set PLINTH_APPLY_EVENTS false)." >&2
    exit 1
  fi
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ]; then
    echo "The event subscriptions could not be made. Is az signed in, and is the function imagePushed there?" >&2
    exit 1
  fi
  echo "Event Grid does not see the function yet; again in ${PLINTH_RETRY_SECONDS:-20} s."
  sleep "${PLINTH_RETRY_SECONDS:-20}"
done
echo "Pushes to the registries now reach the function imagePushed."
