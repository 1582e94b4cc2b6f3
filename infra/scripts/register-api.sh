#!/usr/bin/env sh
# Registers Plinth's API in Entra, with its app roles, and prints the client id for PLINTH_API_CLIENT_ID. Run again it
# brings the same registration up to date. Needs the right to register applications (Application Developer).
#
#   infra/scripts/register-api.sh [NAME]                          the registration, "Plinth" by default
#   infra/scripts/register-api.sh [NAME] --grant ROLE OBJECT_ID   also: the app role for a user, group or service
#                                                                 principal (Cloud Application Administrator)
#   infra/scripts/register-api.sh [NAME] --page URL               also: lets people sign in to the page of the app at
#                                                                 URL (https://NAME.azurewebsites.net); no secret
set -eu
name=Plinth
case "${1:-}" in '' | --grant | --page) ;; *) name=$1; shift ;; esac

# App Service signs in with an ID token, which needs no secret of the registration. Without --page what is there stays.
web=
if [ "${1:-}" = --page ]; then
  url=${2:?the address of the function app}
  url=${url%/}
  case "$url" in
    *[!A-Za-z0-9.:/-]*) echo "--page takes an address: https://NAME.azurewebsites.net" >&2; exit 2 ;;
    https://?*) ;;
    *) echo "--page takes an address that begins with https://" >&2; exit 2 ;;
  esac
  web='"web": {
    "redirectUris": ["'$url'/.auth/login/aad/callback"],
    "implicitGrantSettings": {"enableIdTokenIssuance": true}
  },'
fi

# The ids of the roles are theirs for good: grants hang on them.
roles='[
  {"id": "7a3c5d0e-5d0b-4f0e-9a63-0c1f2b7b8f01", "value": "Tasks.Read", "displayName": "Read tasks and runs",
   "description": "Read tasks, runs and logs.", "isEnabled": true, "allowedMemberTypes": ["User", "Application"]},
  {"id": "7a3c5d0e-5d0b-4f0e-9a63-0c1f2b7b8f02", "value": "Tasks.Write", "displayName": "Write tasks and start runs",
   "description": "Create, change and delete tasks; start, cancel and keep runs.", "isEnabled": true,
   "allowedMemberTypes": ["User", "Application"]},
  {"id": "7a3c5d0e-5d0b-4f0e-9a63-0c1f2b7b8f03", "value": "Tasks.ReadSecrets", "displayName": "Read the secrets of tasks",
   "description": "Read what listDetails gives back, secrets among it.", "isEnabled": true,
   "allowedMemberTypes": ["User", "Application"]},
  {"id": "7a3c5d0e-5d0b-4f0e-9a63-0c1f2b7b8f04", "value": "Bases.Judge", "displayName": "Quarantine and admit base images",
   "description": "Quarantine and admit digests of base images, as a scanner does.", "isEnabled": true,
   "allowedMemberTypes": ["User", "Application"]}
]'
# The Azure CLI may ask for tokens of the API in the name of the signed-in user: az rest --resource api://…
azureCli=04b07795-8ddb-461a-bbee-02f9e1bf7b46
scope=7a3c5d0e-5d0b-4f0e-9a63-0c1f2b7b8f00

clientId=$(az ad app list --filter "displayName eq '$name'" --query '[0].appId' --output tsv)
if [ -z "$clientId" ]; then
  clientId=$(az ad app create --display-name "$name" --sign-in-audience AzureADMyOrg --query appId --output tsv)
fi
objectId=$(az ad app show --id "$clientId" --query id --output tsv)
body=$(mktemp)
trap 'rm -f "$body"' EXIT
cat > "$body" <<JSON
{
  "identifierUris": ["api://$clientId"],
  $web
  "appRoles": $roles,
  "api": {
    "requestedAccessTokenVersion": 2,
    "oauth2PermissionScopes": [{
      "id": "$scope", "value": "access", "type": "User", "isEnabled": true,
      "adminConsentDisplayName": "Call Plinth", "adminConsentDescription": "Call Plinth as the signed-in user.",
      "userConsentDisplayName": "Call Plinth", "userConsentDescription": "Call Plinth as you."
    }],
    "preAuthorizedApplications": [{"appId": "$azureCli", "delegatedPermissionIds": ["$scope"]}]
  }
}
JSON
az rest --only-show-errors --output none --method PATCH \
  --url "https://graph.microsoft.com/v1.0/applications/$objectId" --body "@$body"

# Roles in the tenant need a service principal; with assignment required, only callers with a role are let in.
principal=$(az ad sp list --filter "appId eq '$clientId'" --query '[0].id' --output tsv)
[ -n "$principal" ] || principal=$(az ad sp create --id "$clientId" --query id --output tsv)
az ad sp update --only-show-errors --id "$principal" --set appRoleAssignmentRequired=true

if [ "${1:-}" = --grant ]; then
  case "${2:-}" in
    Tasks.Read) role=01 ;;
    Tasks.Write) role=02 ;;
    Tasks.ReadSecrets) role=03 ;;
    Bases.Judge) role=04 ;;
    *) echo "--grant takes Tasks.Read, Tasks.Write, Tasks.ReadSecrets or Bases.Judge" >&2; exit 2 ;;
  esac
  : "${3:?the object id of a user, group or service principal}"
  cat > "$body" <<JSON
{"principalId": "$3", "resourceId": "$principal", "appRoleId": "7a3c5d0e-5d0b-4f0e-9a63-0c1f2b7b8f$role"}
JSON
  az rest --only-show-errors --output none --method POST \
    --url "https://graph.microsoft.com/v1.0/servicePrincipals/$principal/appRoleAssignedTo" --body "@$body"
fi
echo "$clientId"
