#!/usr/bin/env sh
# Hands the registries' events to the deployed function: infra/events.bicep. azd runs it after each deployment of code;
# by hand it needs the variables below, all of them outputs or parameters of main.bicep.
set -eu
cd "$(dirname "$0")/../.."
: "${AZURE_SUBSCRIPTION_ID:?}" "${AZURE_ENV_NAME:?}" "${AZURE_LOCATION:?}" "${AZURE_FUNCTION_APP_ID:?}"
: "${PLINTH_DATA_ACCOUNT_ID:?}" "${PLINTH_REGISTRIES:?}"

# Event Grid takes only a function that Azure lists already, which it does a moment after a deployment.
tries=6
until az deployment sub create --only-show-errors --output none \
  --subscription "$AZURE_SUBSCRIPTION_ID" --name "plinth-events-$AZURE_ENV_NAME" --location "$AZURE_LOCATION" \
  --template-file infra/events.bicep --parameters \
  environmentName="$AZURE_ENV_NAME" functionAppId="$AZURE_FUNCTION_APP_ID" \
  dataAccountId="$PLINTH_DATA_ACCOUNT_ID" registries="$PLINTH_REGISTRIES"; do
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ]; then
    echo "The event subscriptions could not be made. Is az signed in, and is the function imagePushed there?" >&2
    exit 1
  fi
  echo "Event Grid does not see the function yet; again in ${PLINTH_RETRY_SECONDS:-20} s."
  sleep "${PLINTH_RETRY_SECONDS:-20}"
done
echo "Pushes to the registries now reach the function imagePushed."
