{{/* The service: the alias under which the umbrella uses this chart, or `name`. */}}
{{- define "service.name" -}}
{{ .Values.name | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Name of every object. Inside a release named `regulars` it is the service's own, so that people can type it. */}}
{{- define "service.fullname" -}}
{{- $name := include "service.name" . -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride }}
{{- else }}{{ include "service.peer" (list . $name) }}{{ end }}
{{- end }}

{{/* Name of the objects of another service in this release: (list . "loyalty") */}}
{{- define "service.peer" -}}
{{- $release := (index . 0).Release.Name -}}
{{- if eq $release "regulars" }}{{ index . 1 }}{{ else }}{{ printf "%s-%s" $release (index . 1) | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "service.selectors" -}}
app.kubernetes.io/name: {{ include "service.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "service.labels" -}}
{{ include "service.selectors" . }}
app.kubernetes.io/part-of: regulars
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* registry/repository@digest where a digest is told, else registry/repository:tag */}}
{{- define "service.image" -}}
{{- $global := (.Values.global | default dict).image | default dict -}}
{{- $registry := .Values.image.registry | default $global.registry -}}
{{- $repository := .Values.image.repository | default (printf "%s/%s" ($global.repository | default "regulars") (include "service.name" .)) -}}
{{- $tag := .Values.image.tag | default $global.tag | default .Chart.AppVersion -}}
{{- if $registry }}{{ $registry }}/{{ end }}{{ $repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ $tag }}{{ end }}
{{- end }}

{{- define "service.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "service.fullname" .) }}
{{- else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}
