"""What is to be done at a known registry: the step, as its own documentation has it.

`pull`, `push`, `delete` and `metadata_read` give an account that right, `creates` makes a repository, where a push does not,
`deletes` is where what was pushed is deleted, `nodes` lets the nodes of a cluster of the same cloud pull without a secret,
`address` lets an address in, `unlock` unlocks what is locked. `log` is where its log is, `cache` what mends its way to a
registry behind it, `upstream` where it keeps its login there, `limit` what it counts, by its pages on quotas, `public` where its
own address is set, `status` where its faults are told, `page` where people see what is public. Braces: `KnownRegistry.step`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

TABLE = """
docker-hub
    # docs.docker.com/docker-hub/repos/manage/access, docs.docker.com/security/access-tokens
    pull have {owner} add it as a collaborator (hub.docker.com/r/{name}, Collaborators; of an organization: Permissions)
    push have {owner} add it as a collaborator (hub.docker.com/r/{name}), with a token Read & Write and room for it in their plan;
        or name the image YOU/{path}, as that account is called
    deletes https://hub.docker.com/r/{name}/tags
    page https://hub.docker.com/r/{name}
    status https://www.dockerstatus.com
ghcr
    # Snowfork/snowbridge#1272, tridz-dev/huf#349, iogrid/iogrid#473, syncforynab/fintech-to-ynab#337 (users)
    pull make its token with read:packages, and let it in at https://github.com/orgs/{owner}/packages/container/{path}/settings
        (of a person: users in place of orgs)
    push make its token with write:packages (in a workflow permissions: packages: write), and let it or the workflow's repository
        write at https://github.com/orgs/{owner}/packages/container/{path}/settings (of a person: users in place of orgs)
    delete make its token with delete:packages, as an admin of https://github.com/orgs/{owner}/packages/container/{path}/settings
        (of a person: users in place of orgs)
    # docs.github.com/rest/packages/packages
    deletes gh api -X DELETE /orgs/{owner}/packages/container/{path}/versions/ID, or its page at GitHub
    status https://www.githubstatus.com
ecr
    # docs.aws.amazon.com/AmazonECR/latest/userguide: image-push-iam.html, repository-policies.html
    # and security-iam-awsmanpol.html
    pull aws iam attach-role-policy --role-name {role} --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly
        (for a role of another account, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer in the policy of {name} too)
    push aws iam attach-role-policy --role-name {role} --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser
        (for a role of another account, ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload,
        ecr:BatchCheckLayerAvailability and ecr:PutImage in the policy of {name} too)
    delete allow it ecr:BatchDeleteImage in IAM
    # docs.aws.amazon.com/cli/latest/reference/ecr/validate-pull-through-cache-rule.html
    cache run aws ecr validate-pull-through-cache-rule --region {region} --ecr-repository-prefix {owner}
    status https://health.aws.amazon.com/health/status
    upstream as the secret of its pull through cache rule
    limit it counts the account and its region, and Service Quotas raises that
    # docs.aws.amazon.com/AmazonECR/latest/userguide/ECR_on_EKS.html
    nodes the policy AmazonEC2ContainerRegistryPullOnly on the role of the nodes
    creates aws ecr create-repository --region {region} --repository-name {name}
artifact-registry
    # docs.cloud.google.com/artifact-registry/docs/access-control; sdk/gcloud/reference/projects/add-iam-policy-binding
    pull gcloud projects add-iam-policy-binding {owner} --member=serviceAccount:EMAIL
        --role=roles/artifactregistry.reader (user:EMAIL for a person)
    push gcloud projects add-iam-policy-binding {owner} --member=serviceAccount:EMAIL
        --role=roles/artifactregistry.writer (user:EMAIL for a person)
    delete gcloud projects add-iam-policy-binding {owner} --member=serviceAccount:EMAIL --role=roles/artifactregistry.repoAdmin
    status https://status.cloud.google.com
    upstream as the upstream credentials of its remote repository
    limit it counts the project, and its quotas can be raised (console.cloud.google.com/iam-admin/quotas)
    # docs.cloud.google.com/artifact-registry/docs/integrate-gke
    nodes the role Artifact Registry Reader for the service account of the nodes
    creates gcloud artifacts repositories create {repository} --repository-format=docker --location={location} --project={owner}
acr
    # learn.microsoft.com/azure/container-registry/container-registry-rbac-built-in-roles-overview; Azure/acr#690;
    # azure-samples/azure-cli-samples, create-registry-service-principal-assign-role.sh
    pull az role assignment create --assignee ID --role AcrPull --scope $(az acr show --name {registry} --query id --output tsv)
    push az role assignment create --assignee ID --role AcrPush --scope $(az acr show --name {registry} --query id --output tsv)
    delete az role assignment create --assignee ID --role AcrDelete --scope $(az acr show --name {registry} --query id
        --output tsv)
    # learn.microsoft.com/cli/azure/acr: network-rule, repository
    address az acr network-rule add --name {registry} --ip-address {role}
    unlock az acr repository update --name {registry} --image {name}:TAG --write-enabled true --delete-enabled true
    status https://azure.status.microsoft
    upstream as the credential set of its cache rule
    # learn.microsoft.com/azure/container-registry/container-registry-skus
    limit each tier has its own limit: az acr update --name {registry} --sku Premium
    # learn.microsoft.com/azure/aks/cluster-container-registry-integration; Azure/AKS#4593, #4459, Azure/acr#231
    nodes az aks update -n CLUSTER -g GROUP --attach-acr {registry}
    metadata_read add metadata/read to the scope map of its token
ocir
    # docs.oracle.com/iaas/Content/Registry: registrycreatingarepository.htm; registrypolicyreference.htm
    pull add the policy "Allow group GROUP to read repos in tenancy" in the tenancy of which {owner} is the namespace
    push add the policy "Allow group GROUP to manage repos in tenancy" in the tenancy of which {owner} is the namespace
icr
    # cloud.ibm.com/docs/Registry?topic=Registry-user
    pull give it the role Reader for container-registry on the namespace {owner} (cloud.ibm.com, Manage, Access (IAM))
    push give it the role Writer for container-registry on the namespace {owner} (cloud.ibm.com, Manage, Access (IAM))
cp-icr
    pull use the key of an account with an entitlement to the product
redhat
    pull use an account with a subscription that has it
ngc
    pull make the key in the organization that has {owner}, with NGC Catalog (for private images Private Registry) among its
        services
quay
    # docs.quay.io/use_quay.html, "Robot accounts", "Repository permissions", "Organizations and teams"
    pull give it Read at https://quay.io/repository/{name}?tab=settings
    push give it Write at https://quay.io/repository/{name}?tab=settings (where that is not there yet: Creator
        in a team of {owner})
    delete give it Admin at https://quay.io/repository/{name}?tab=settings
    page https://quay.io/repository/{name}
    status https://status.quay.io
    limit it counts addresses, with or without a login
gitlab
    # docs.gitlab.com/ci/jobs/ci_job_token
    pull make its token with read_registry (a job's own token: add its project in Settings, CI/CD, Job token permissions of the
        project that has {name})
    push make its token with read_registry and write_registry, as a Developer of the project that has {name}
    # docs.gitlab.com/administration/packages/container_registry
    log gitlab-ctl tail registry
    public registry_external_url 'https://{host}' in /etc/gitlab/gitlab.rb, and gitlab-ctl reconfigure
openshift
    pull oc policy add-role-to-user registry-viewer USER -n {owner}
    push oc policy add-role-to-user registry-editor USER -n {owner}
    log oc logs deployments/image-registry -n openshift-image-registry
harbor
    # goharbor.io/docs: managing-users/user-permissions-by-role; goharbor/harbor#11225, #13973
    pull add it in Members of the project {owner}, or a robot account that has pull in its Robot Accounts
    push add it in Members of the project {owner} as Developer, or a robot account that has push and pull in its Robot Accounts
    delete make it Maintainer in Members of the project {owner}, or give its robot account delete
    # goharbor.io/docs: troubleshoot-installation; create-replication-endpoints
    log /var/log/harbor/core.log and registry.log
    cache press Test Connection at its endpoint there (Administration, Registries)
    upstream in its registry endpoint for Docker Hub
    # goharbor.io/docs: configure-yml-file, reconfigure-manage-lifecycle; harbor-helm, values.yaml
    public external_url: https://{host} in harbor.yml, and ./prepare (externalURL in the Helm chart)
artifactory
    # jfrog.com/help: "Permissions"
    pull give it Read on that repository (Administration, User Management, Permissions)
    push give it Deploy/Cache on that repository, and Delete to write over a tag (Administration, User Management, Permissions)
    delete give it Delete on that repository (Administration, User Management, Permissions)
    log $JFROG_HOME/artifactory/var/log/artifactory-service.log
    cache press Test at its remote repository there (Administration, Repositories)
    upstream in the settings of its remote repository
    public https://{host} as Custom Base URL (Administration, General, Settings)
nexus
    # help.sonatype.com/en/privileges.html
    pull give its role the privilege nx-repository-view-docker-REPOSITORY-read (Security, Roles)
    push give its role the privileges nx-repository-view-docker-REPOSITORY-add, -edit and -read (Security, Roles)
    delete give its role the privilege nx-repository-view-docker-REPOSITORY-delete (Security, Roles)
    log sonatype-work/nexus3/log/nexus.log
    upstream in the settings of its proxy repository
    cache correct Remote storage and HTTP Authentication of its proxy repository there (Repository, Repositories)
gitea
    pull make its token with read:package (Settings, Applications)
    push make its token with write:package (Settings, Applications)
    # docs.gitea.com/administration/config-cheat-sheet
    public ROOT_URL = https://{host}/ in app.ini, and a restart
"""
"""Registries by their ids, and below them the steps, by their names."""


def _read() -> dict[str, Mapping[str, str]]:
    text = re.sub(r"\n {8}", " ", re.sub(r"^ *#.*\n", "", TABLE, flags=re.MULTILINE))
    rows = re.findall(r"^([\w-]+)\n((?: {4}.+\n)+)", text, re.MULTILINE)
    return {key: dict(line.split(" ", 1) for line in lines.strip().split("\n    ")) for key, lines in rows}


STEPS: Mapping[str, Mapping[str, str]] = _read()
