"""What is to be done at a known registry: the step, as its own documentation has it.

`grant` gives an account the right to pull, push or delete (in brackets), where no row is so named; `creates` makes a
repository, where a push does not, `deletes` is where what was pushed is deleted, `nodes` lets the nodes of a cluster of the
same cloud pull without a secret, `address` lets an address in, `unlock` unlocks what is locked. `way` opens a way to it from
within its cloud, `storage` one to its storage, `log` is where its log is, `token_log` that of its token server, `cache` what
mends its way to a registry behind it, `upstream` where it keeps its login there, `network` what lets a network of one's own
through to its storage, `limit` what it counts, `api` opens the API beside it, `public` where its own address is set,
`realm` that of its token server, `redirect` what keeps it from sending to its storage, `takes` what can be pushed to, `status`
where its faults are told, `scan` where it is said what may not be pulled, `page` where people see what is public, `lists` lists
repositories, `open` lets all read without a login. `fixed` lets tags be changed that may not be, `signed` those of signatures
alone. Braces: the names of `KnownRegistry.step`.
"""

from __future__ import annotations

from collections.abc import Mapping

from pullscope.oci.text_table import rows

TABLE = """
docker-hub
    # docs.docker.com/docker-hub/repos/manage/access, docs.docker.com/security/access-tokens
    pull have {owner} add it as a collaborator (hub.docker.com/r/{name}, Collaborators; of an organization: Permissions)
    push have {owner} make {name}, if it is not there, and add it as a collaborator (hub.docker.com/r/{name}), with a token
        Read & Write and room for it in their plan; or name the image YOU/{path}, as that account is called, or HOST/{name}, if
        another registry was meant
    deletes https://hub.docker.com/r/{name}/tags
    # docs.docker.com/reference/api/hub; docker/hub-feedback#1253, #2171
    api get a token (curl -H 'Content-Type: application/json' -d '{{"identifier":"USER","secret":"TOKEN"}}'
        https://hub.docker.com/v2/auth/token) and send it, curl -H 'Authorization: Bearer TOKEN' {url} (official images are
        library/NAME there)
    # docs.docker.com/docker-hub/repos/manage/hub-images/immutable-tags; docker/hub-feedback#2466
    fixed https://hub.docker.com/repository/docker/{name}/settings, Tag mutability settings
    page https://hub.docker.com/r/{name}
    status https://www.dockerstatus.com
ghcr
    # Snowfork/snowbridge#1272, tridz-dev/huf#349, iogrid/iogrid#473, syncforynab/fintech-to-ynab#337 (users)
    # docs.github.com/rest/packages/packages
    grant make its token with [read|write|delete]:packages (in a workflow permissions: packages: write), and let it or the
        workflow's repository [read|write|administer] at https://github.com/orgs/{owner}/packages/container/{path}/settings (of a
        person: users in place of orgs)
    deletes gh api -X DELETE /orgs/{owner}/packages/container/{path}/versions/ID (of a person: users), or its page at GitHub
    page the Packages tab of https://github.com/{owner}
    status https://www.githubstatus.com
ecr
    # docs.aws.amazon.com/AmazonECR/latest/userguide: security-iam-awsmanpol.html, repository-policies.html, ECR_on_EKS.html,
    # vpc-endpoints.html; docs.aws.amazon.com/cli/latest/reference/ecr/validate-pull-through-cache-rule.html
    grant aws iam attach-role-policy --role-name {role} --policy-arn
        arn:aws:iam::aws:policy/AmazonEC2ContainerRegistry[PullOnly|PowerUser|FullAccess] (of another account: in the repository's
        own policy too, aws ecr set-repository-policy --region {region} --repository-name {name} --policy-text file://POLICY)
    cache run aws ecr validate-pull-through-cache-rule --region {region} --ecr-repository-prefix {owner}
    status https://health.aws.amazon.com/health/status
    upstream as the secret of its pull through cache rule
    limit it counts the account and its region, and Service Quotas raises that
    nodes the policy AmazonEC2ContainerRegistryPullOnly on the role of the nodes
    storage in a subnet without a way out give it an endpoint for S3: aws ec2 create-vpc-endpoint --vpc-id VPC --service-name
        com.amazonaws.{region}.s3 --route-table-ids TABLE
    # terraform-aws-modules/terraform-aws-eks#1476, aws/amazon-ecs-agent#2235, aws/aws-cli#5771
    way in a subnet without a way out give it endpoints for com.amazonaws.{region}.ecr.api and .ecr.dkr, whose security group lets
        port 443 in, and for S3
    network allow s3:GetObject on arn:aws:s3:::prod-{region}-starport-layer-bucket/* in the policy of the VPC's endpoint for S3
        (aws ec2 describe-vpc-endpoints, then aws ec2 modify-vpc-endpoint --vpc-endpoint-id ID --policy-document file://POLICY)
    creates aws ecr create-repository --region {region} --repository-name {name}
    # docs.aws.amazon.com/cli/latest/reference/ecr/put-image-tag-mutability.html; JiRaska/open-bank-oss#9032
    fixed aws ecr put-image-tag-mutability --region {region} --repository-name {name} --image-tag-mutability MUTABLE
    signed aws ecr put-image-tag-mutability --region {region} --repository-name {name} --image-tag-mutability
        IMMUTABLE_WITH_EXCLUSION --image-tag-mutability-exclusion-filters 'filterType=WILDCARD,filter=sha256-*'
    lists aws ecr describe-repositories --region {region}
    # docs.aws.amazon.com/cli/latest/reference/ecr/batch-delete-image.html
    deletes aws ecr batch-delete-image --region {region} --repository-name {name} --image-ids imageTag=TAG
artifact-registry
    # docs.cloud.google.com: artifact-registry/docs/access-control, integrate-gke; sdk/gcloud/reference/projects
    grant gcloud projects add-iam-policy-binding {owner} --member=serviceAccount:EMAIL
        --role=roles/artifactregistry.[reader|writer|repoAdmin] (user:EMAIL for a person)
    status https://status.cloud.google.com
    upstream as the upstream credentials of its remote repository
    limit it counts the project, and its quotas can be raised (console.cloud.google.com/iam-admin/quotas)
    nodes the role Artifact Registry Reader for the service account of the nodes
    # docs.cloud.google.com/sdk/gcloud/reference/artifacts/repositories/update
    fixed gcloud artifacts repositories update {repository} --location={location} --project={owner} --no-immutable-tags
    lists gcloud artifacts docker images list {host}/PROJECT/REPOSITORY
    creates gcloud artifacts repositories create {repository} --repository-format=docker --location={location} --project={owner}
acr
    # learn.microsoft.com: azure/container-registry/container-registry-rbac-abac-repository-permissions, container-registry-skus,
    # container-registry-dedicated-data-endpoints; cli/azure/acr, network-rule, repository;
    # azure/aks/cluster-container-registry-integration; Azure/acr#690, Azure/AKS#4459;
    # azure-samples/azure-cli-samples, create-registry-service-principal-assign-role.sh
    grant az role assignment create --assignee ID --role Acr[Pull|Push|Delete] --scope $(az acr show --name {registry} --query id
        --output tsv) (where it is ABAC-enabled: --role "Container Registry Repository [Reader|Writer|Contributor]")
    address az acr network-rule add --name {registry} --ip-address {role}
    unlock az acr repository update --name {registry} --image {name}:TAG --write-enabled true --delete-enabled true
    status https://azure.status.microsoft
    # learn.microsoft.com/cli/azure/acr/cache
    cache correct its cache rule and the credential set of that: az acr cache list --registry {registry}
    upstream as the credential set of its cache rule
    limit each tier has its own limit: az acr update --name {registry} --sku Premium
    storage so that it is one host of your own, for firewalls and private endpoints, in the tier Premium: az acr update
        --name {registry} --data-endpoint-enabled
    # MicrosoftDocs/azure-docs#71439
    network take the service endpoint policy off the subnet that asks (az network service-endpoint policy list shows them), or
        have that storage in it; the storage account is Microsoft's, and takes no rules of yours
    nodes az aks update -n CLUSTER -g GROUP --attach-acr {registry}
    # learn.microsoft.com: cli/azure/aks, azure/aks/update-credentials; Azure/AKS#4593, #4459, #1889, Azure/acr#231
    identity on AKS az aks update -n CLUSTER -g GROUP --attach-acr {registry} (az aks check-acr -n CLUSTER -g GROUP --acr {host}
        tells what its identity lacks; for a service principal whose secret has ended az aks update-credentials -n CLUSTER -g
        GROUP --reset-service-principal --service-principal ID --client-secret SECRET)
    lists az acr repository list --name {registry}
    metadata_read add metadata/read to the scope map of its token
ocir
    # docs.oracle.com/iaas/Content/Registry: registrycreatingarepository.htm; registrypolicyrepoaccess.htm
    grant add the policy "Allow group GROUP to [read|manage|manage] repos in tenancy", in the tenancy of which {owner} is the
        namespace
icr
    # cloud.ibm.com/docs/Registry?topic=Registry-user
    grant give it the role [Reader|Writer|Manager] for container-registry on the namespace {owner} (cloud.ibm.com, Manage, Access)
cp-icr
    pull use the key of an account with an entitlement to the product
redhat
    pull use an account with a subscription that has it
ngc
    pull make the key in the organization that has {owner}, with NGC Catalog (for private images Private Registry) among its
        services
quay
    # docs.quay.io/use_quay.html, "Robot accounts", "Repository permissions", "Organizations and teams"
    grant give it [Read|Write|Admin] at https://quay.io/repository/{name}?tab=settings (where that is not there yet: Creator in a
        team of {owner})
    # docs.redhat.com, "Red Hat Quay API guide"
    api make a token of an application of the organization (Applications, Generate Token), and send it, curl -H 'Authorization:
        Bearer TOKEN' {url} (it takes no login of docker and no robot)
    page https://quay.io/repository/{name}
    status https://status.quay.io
    limit it counts addresses, with or without a login
gitlab
    # docs.gitlab.com: ci/jobs/ci_job_token, administration/packages/container_registry, api/container_registry
    api curl -H 'PRIVATE-TOKEN: TOKEN' {url}, with a token that has api or read_api
    pull make its token with read_registry (a job's own token: add its project in Settings, CI/CD, Job token permissions of the
        project that has {name})
    # docs.gitlab.com/user/packages/container_registry, "Naming convention"; GoogleContainerTools/kaniko#2446
    push make its token with read_registry and write_registry, as a Developer of the project that has {name}; a name begins with
        the whole path of a project (GROUP/PROJECT, or GROUP/PROJECT/IMAGE)
    log gitlab-ctl tail registry
    redirect 'redirect' => {{ 'disable' => true }} in registry['storage'] in /etc/gitlab/gitlab.rb, and gitlab-ctl reconfigure
    token_log gitlab-ctl tail gitlab-rails
    # docs.gitlab.com/administration/packages/container_registry; sameersbn/docker-gitlab#754
    realm set registry['token_realm'] in /etc/gitlab/gitlab.rb to the address by which clients reach GitLab (https://GITLAB), and
        gitlab-ctl reconfigure; where the registry runs by itself, auth.token.realm (REGISTRY_AUTH_TOKEN_REALM) to
        https://GITLAB/jwt/auth
    public registry_external_url 'https://{host}' in /etc/gitlab/gitlab.rb, and gitlab-ctl reconfigure
aliyun
    # alibabacloud.com/help/en/acr/user-guide/grant-ram-user-system-policy
    grant attach the policy AliyunContainerRegistry[ReadOnly|Full|Full]Access to that RAM user, in the account that has {owner}
        (the namespace in the name: of somebody else, if it is not in your console)
huawei-swr
    # docs.otc.t-systems.com/software-repository-container/umn/user_permissions.html
    grant give its IAM user [Read|Write|Manage] at the organization {owner} in SWR's console
scaleway
    # scaleway.com/docs/iam/reference-content/permission-sets
    grant give it the permission set ContainerRegistry[ReadOnly|FullAccess|FullAccess], in the project that has {owner}
chainguard
    # chainguard.dev/unchained/scaling-chainguard-images-with-a-growing-catalog-and-proactive-security-updates
    pull use an account whose organization has it, and its path (cgr.dev/ORGANIZATION/NAME): free are tags latest and
        latest-dev alone, and not of all images
    page https://images.chainguard.dev/directory/image/{path}/versions
digitalocean
    # docs.digitalocean.com/reference/doctl/reference/registry/kubernetes-manifest
    nodes doctl registry kubernetes-manifest | kubectl apply -f -
dhi
    status https://www.dockerstatus.com
replicate
    status https://www.replicatestatus.com
ollama
    status https://github.com/ollama/ollama/issues
k8s
    status https://github.com/kubernetes/registry.k8s.io/issues
openshift
    # docs.openshift.com, "Accessing the registry"; "Using image pull secrets"; access.redhat.com/solutions/6022011
    pull oc policy add-role-to-user registry-viewer USER -n {owner} (for the pods of another project: oc policy add-role-to-group
        system:image-puller system:serviceaccounts:PROJECT -n {owner})
    nodes oc policy add-role-to-group system:image-puller system:serviceaccounts:PROJECT -n {owner}
    # tektoncd/catalog#177
    grant oc policy add-role-to-user registry-[viewer|editor|editor] USER -n {owner} (of a service account, as pods have one:
        system:image-[puller|builder|builder] -z NAME -n {owner})
    log oc logs deployments/image-registry -n openshift-image-registry
    redirect oc patch configs.imageregistry.operator.openshift.io/cluster --type=merge -p '{{"spec":{{"disableRedirect":true}}}}'
harbor
    # goharbor.io/docs: user-permissions-by-role, troubleshoot-installation, create-replication-endpoints, configure-yml-file,
    # reconfigure-manage-lifecycle; harbor.yml.tmpl; harbor-helm, values.yaml; goharbor/harbor#11225, #13973
    # goharbor/harbor#17219, #19769, #14554
    api curl -u 'robot$NAME:SECRET' {url}, with a user, or (from 2.2) a robot account that has that permission
    pull add it in Members of the project {owner}, or a robot account that has pull in its Robot Accounts
    push add it in Members of the project {owner} as Developer, or a robot account that has push and pull in its Robot Accounts
    delete make it Maintainer in Members of the project {owner}, or give its robot account delete
    log /var/log/harbor/core.log and registry.log; by Helm kubectl logs -l component=core, and registry
    scan the project, Configuration, CVE allowlist
    fixed the project {owner}, Policy, Tag Immutability
    cache press Test Connection at its endpoint there (Administration, Registries)
    upstream in its registry endpoint for Docker Hub
    redirect redirect: disable: true below storage_service in harbor.yml, docker compose down, ./prepare, docker compose up -d
        (Helm: disableredirect)
    public external_url: https://{host} in harbor.yml, docker compose down, ./prepare, docker compose up -d (Helm: externalURL)
artifactory
    # jfrog.com/help: "Permissions", "Advanced Settings", "HTTP Settings"; akuity/kargo#5103
    api curl -H 'Authorization: Bearer TOKEN' {url}, with an access token (or -u USER:TOKEN)
    grant give it [Read|Deploy/Cache, and Delete to write over a tag,|Delete] on that repository (Permissions, as administrator)
    log $JFROG_HOME/artifactory/var/log/artifactory-service.log
    scan Xray, Watches and Policies
    cache press Test in the settings of its remote repository there
    upstream in the settings of its remote repository
    public https://{host} as Custom Base URL in its general settings
nexus
    # help.sonatype.com/en/privileges.html; support.sonatype.com/hc/en-us/articles/218707647
    # help.sonatype.com/en/docker-authentication.html; sonatype/nexus-public#410, #311, #227, #921, ansible-ThoTeam/nexus3-oss#370
    open Security, Anonymous Access (user anonymous, realm Local Authorizing Realm), Security, Realms (Docker Bearer Token Realm
        active), and Allow anonymous docker pull in that repository (forceBasicAuth: false by REST)
    api curl -u USER:PASSWORD {url}, with a user whose role has the privilege for that
    takes push to a hosted repository of {host}, by its own port or path: a proxy or group takes none
    grant give its role the privilege nx-repository-view-docker-REPOSITORY-[read|add, -edit and -read|delete] (Security, Roles)
    log sonatype-work/nexus3/log/nexus.log
    upstream in the settings of its proxy repository
    cache correct Remote storage and HTTP Authentication of its proxy repository there (Repository, Repositories)
gitea
    api curl -H 'Authorization: token TOKEN' {url}, with a token that has read:package
    # go-gitea/gitea#32379, #19704, #28121; docs.gitea.com/administration/config-cheat-sheet
    grant make its token with [read|write|write]:package (Settings, Applications)
    takes name it OWNER/NAME, with a user or organization of {host} as OWNER, if {owner} is none; packages have to be enabled
        there ([packages] ENABLED in app.ini)
    log journalctl -u gitea (or forgejo), or docker logs of its container
    redirect SERVE_DIRECT = false in app.ini
    public ROOT_URL = https://{host}/ in app.ini, from 1.26 with PUBLIC_URL_DETECTION = never, and a restart
pulp
    # pulpproject.org/pulp_container, "Authentication", pulpcore, "Settings": pulp/pulp-operator#1532
    public TOKEN_SERVER = "https://{host}/token/" and CONTENT_ORIGIN = "https://{host}" in settings.py, and a restart
    log journalctl -u pulpcore-api -u pulpcore-content, or the logs of those containers
zot
    # zotregistry.dev, "Configuring zot", "User authentication and authorization with zot", "OCI registry mirroring with zot"
    grant give it the actions [read|create and update|delete] for {name} in http.accessControl of its config.json, and restart it
    log the file that log.output in its config.json names, or docker logs of its container
    cache correct urls, content and credentialsFile of extensions.sync in its config.json
"""
"""Registries by their ids, and below them the steps, by their names."""


RIGHTS = ("pull", "push", "delete")
STEPS: Mapping[str, Mapping[str, str]] = {key: steps for key, _, steps in rows(TABLE)}
