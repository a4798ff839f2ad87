{{- define "regulars.labels" -}}
app.kubernetes.io/part-of: regulars
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Name of an object of the release itself. */}}
{{- define "regulars.fullname" -}}
{{- if eq .Release.Name "regulars" }}regulars{{ else }}{{ .Release.Name }}-regulars{{ end }}
{{- end }}

{{- define "regulars.gateway" -}}
{{ include "service.peer" (list . "gateway") }}
{{- end }}

{{/* The image of the gateway, as its own chart names it. */}}
{{- define "regulars.gatewayImage" -}}
{{- $values := merge (dict "global" .Values.global "name" "gateway") .Values.gateway -}}
{{ include "service.image" (dict "Values" $values "Chart" .Chart "Release" .Release) }}
{{- end }}
