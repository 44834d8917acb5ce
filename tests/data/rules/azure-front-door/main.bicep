resource rule 'Microsoft.Cdn/profiles/ruleSets/rules@2021-06-01' = {
  name: 'registry'
  properties: {
    actions: [ { name: 'UrlRedirect', parameters: { redirectType: 'Found', customHostname: 'example.azurecr.io' } } ]
  }
}
