"""What tools that build, scan and deploy images say themselves, and what it means: words and a step, as in `no_answers`.
One file, because of the rows that fit a message the first is told.
"""

from __future__ import annotations

TABLE = r"""
# chartmuseum/helm-push#25, #143, #17, helm/chartmuseum#210: the plugin's own API
Error: 30\d: could not properly parse response JSON
    the address of that chart repository redirects, and helm cm-push does not follow: helm repo add NAME https://HOST/PATH
        --force-update with the address that it redirects to (https:// as a rule)
Error: 40[13]: could not properly parse response JSON
    helm cm-push showed no login, or one that may not push: helm repo add NAME URL --username USER --password PASSWORD
        --force-update; Harbor from 2.8 has no such repository: helm registry login HOST, helm push FILE.tgz oci://HOST/PROJECT
Error: 40[45]: could not properly parse response JSON
    what is at that address does not take charts as ChartMuseum does: push to a registry (helm push FILE.tgz oci://HOST/PATH), in
        Nexus curl -u USER:PASSWORD URL --upload-file FILE.tgz; of ChartMuseum itself take DISABLE_API out
# buildpacks-community/kpack#367, cloudfoundry/cf-for-k8s#108
invalid credentials to build to (\S+)
    kpack has no login that may push WHAT: name it whole in tag: (HOST/OWNER/NAME), kubectl create secret docker-registry NAME
        --docker-server=HOST --docker-username=USER --docker-password=PASSWORD (of Docker Hub https://index.docker.io/v1/), and
        kubectl patch serviceaccount ACCOUNT -p '{"secrets":[{"name":"NAME"}]}' for that of the Image
# aws/deep-learning-containers#5657, aws/sagemaker-python-sdk#57, aws/amazon-sagemaker-examples#1476
The repository of your image (\S+) does not grant
    the account that WHAT is of does not let SageMaker read it: of your own, aws ecr set-repository-policy with Principal
        {"Service": "sagemaker.amazonaws.com"} and the actions named; an image of AWS take from the account that has it in that
        region (sagemaker.image_uris.retrieve tells it)
Cannot pull algorithm container|Cannot find the requested image:
    SageMaker did not get the image: it has to be in ECR of the same region (aws ecr describe-images --repository-name NAME), and
        the role of the job needs AmazonEC2ContainerRegistryPullOnly; an image of AWS is of another account in each region
        (sagemaker.image_uris.retrieve tells it)
# TasmoAdmin/TasmoAdmin#543
Invalid Docker-Repository-URL: (?:https?://)?(\S+)
    no registry was asked: Synology takes pages of Docker Hub there: sudo docker pull WHAT over ssh, which Container Manager then
        shows, or a Project of it with image: WHAT
# docker/build-push-action#1117, docs.docker.com/build/ci/github-actions/multi-platform
can't push tagged ref (\S+) by digest
    no registry was asked: push-by-digest=true takes no tag: leave tags: out of that step, and write outputs:
        type=image,name=REPOSITORY,push-by-digest=true,name-canonical=true,push=true; docker buildx imagetools create -t WHAT
        gives the tag
# chaos-mesh/chaos-mesh#4846, actions/runner-images#13474; int128/docker-manifest-create-action#63, hexpm/bob#245
(?:^|\n)(\S+[:@]\S+) is a manifest list
    WHAT is a list itself, which docker manifest create does not take: docker buildx imagetools create -t TARGET WHAT (and the
        others), or build it with --provenance=false --sbom=false
failed to put manifest \S+: manifest blob unknown
    the registry has not got an image that the list names, as docker manifest names them by digests that it made itself: docker
        buildx imagetools create -t TARGET SOURCE (of each platform) copies them as they are, and makes the list
# aws/aws-cdk#29883, cdk-patterns/serverless#237, aws-samples/amazon-sagemaker-mlflow-fargate#5
Unable to execute '(\w+)' in order to build
    no registry was asked: cdk finds no program WHAT on its PATH: install it, or name another (CDK_DOCKER=podman, finch)
fail: docker login --username AWS --password-stdin (?:https://)?(\S+\.dkr\.ecr\.\S+) exited with error code 1:?\W*(?:\n|\Z)
    docker login failed, and its own words are missing: aws ecr get-login-password --region REGION | docker login --username
        AWS --password-stdin WHAT by hand shows them (docker that does not run, or credsStore in ~/.docker/config.json, as a rule)
fail: docker push \S+ exited with error code 1: EOF
    the connection ended while a layer was sent: cdk deploy again, which sends only what is missing; if it ends each time, by
        another network, without VPN and proxy, or with --asset-parallelism=false
# argoproj-labs/argocd-image-updater#376, #580; its documentation, "Specifying credentials"
no valid auth entry for registry (\S+) found in image pull secret
    no registry was asked: the pull secret has no login under that name: kubectl create secret docker-registry NAME -n argocd
        --docker-server=WHAT --docker-username=USER --docker-password=PASSWORD
Invalid credential reference specified
    no registry was asked: write it pullsecret:NAMESPACE/NAME, secret:NAMESPACE/NAME#KEY, env:VARIABLE or ext:/SCRIPT
# docker/scout-action#48
not entitled to use Docker Scout
    Docker Scout wants a login at Docker Hub, beside that of the image's registry: dockerhub-user and dockerhub-password of
        docker/scout-action (DOCKER_SCOUT_HUB_USER and DOCKER_SCOUT_HUB_PASSWORD where it runs)
# awslabs/generative-ai-cdk-constructs#331: the status was not pasted
unexpected status from \w+ request to https://public\.ecr\.aws/[^\s:]+(?::[^\s:]+)?(?:\n|\Z)
    public.ecr.aws refused it, as a rule for a login that is over (12 hours): docker logout public.ecr.aws, and once more
# argoproj/argo-cd#6365
lstat /tmp/helm\d*/[\w.-]+: no such file
    the chart came, and its folder has another name than chart: in the Application: write only its last part there, and the rest
        in repoURL (repoURL: HOST/PATH, chart: NAME)
# convox/rack#678, loads/loads-broker#7, ploio/hyperion-k8s#8: docker of old
trying to pull repository [^\n]*Authorization Token has expired
    the login of ECR is over, which lives 12 hours: aws ecr get-login-password --region REGION | docker login --username AWS
        --password-stdin HOST
Pulling repository (\S+)[\s\S]*HTTP code: 404
    docker of old found no image of that name (WHAT) by the old protocol v1: correct the name and tag, and update docker
# kubernetes-sigs/kind#1328
command "docker pull (\S+)" failed with error: exit status 1"?\W*(?:\n|\Z)(?!\W*Command Output)
    kind had docker pull the node's image, and docker's own words are missing: docker pull WHAT shows them; df -h
        /var/lib/docker, whether it has room
# aunefyren/poenskelisten#2: -e name: true
Unable to find image '(true|false|yes|no):latest'|access denied for (?:true|false|yes|no),
    docker took a word of the command for the image: an option before it has a space too many (-e NAME=VALUE is one word, not
        NAME: VALUE)
# aws/aws-sam-cli#6691
Invalid Image Repository ECR URI
    no registry was asked: sam takes a private repository of ECR alone: --image-repository
        ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME (aws ecr create-repository --repository-name NAME makes one), or
        --resolve-image-repos, with which sam makes it
# aws/aws-sam-cli#4359
Unable to upload artifact (\S+) referenced by ImageUri
    no registry is heard in it: this machine has no image WHAT, or could not push it, as the words below say: sam build first,
        and sam deploy in the same folder, without --template-file (it takes .aws-sam/build/template.yaml then)
# GoogleContainerTools/skaffold#6765, #6988, #4025, GoogleCloudPlatform/microservices-demo#264, #290
building \[[^\]./]+\]: [\w: ]*denied
    skaffold built the image, and pushes one without an owner to Docker Hub, which does not take it: give it a registry
        (--default-repo=HOST/OWNER), or a local cluster, to which it pushes nothing (kubectl config use-context kind-kind,
        minikube)
# fenixsoft/microservice_arch_kubernetes#1, GoogleContainerTools/skaffold#8201
No push access to specified image repository
    skaffold built the image, and may not push it under that name: docker login HOST, skaffold run --default-repo=HOST/OWNER
        (your own), or a local cluster, to which it pushes nothing (kubectl config use-context kind-kind, minikube)
"""
