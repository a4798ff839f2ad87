{{/* What every pod of the service has, whether it serves or migrates. */}}
{{- define "service.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .Values.runAsUser }}
runAsGroup: {{ .Values.runAsUser }}
fsGroup: {{ .Values.runAsUser }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "service.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Settings as environment variables; secrets as files, of which the environment has the paths. */}}
{{- define "service.env" -}}
{{- $global := .Values.global | default dict -}}
{{- $env := merge (dict) (.Values.env | default dict) (.Values.defaults | default dict) ($global.env | default dict) }}
{{- if hasKey .Values.ports "grpc" }}{{ $_ := set $env "GRPC_PORT" (toString .Values.ports.grpc) }}{{ end }}
{{- if hasKey .Values.ports "http" }}{{ $_ := set $env "HTTP_PORT" (toString .Values.ports.http) }}{{ end }}
{{- $_ := set $env "OPS_PORT" (toString .Values.ports.ops) }}
{{- $_ := set $env "DRAIN_MS" (toString (mul 1000 .Values.drainSeconds)) }}
{{- range .Values.calls }}
{{- $_ := set $env (printf "%s_ADDR" (upper .)) (printf "dns:///%s:%d" (include "service.peer" (list $ .)) (int $.Values.peerPort)) }}
{{- end }}
{{- range .Values.secrets }}{{ range $name, $key := .keys }}
{{- $_ := set $env (printf "%s_FILE" $name) (printf "/run/secrets/regulars/%s" $name) }}
{{- end }}{{ end }}
{{- range $name := keys $env | sortAlpha }}
- name: {{ $name }}
  value: {{ tpl (toString (get $env $name)) $ | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end }}

{{- define "service.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- if .Values.secrets }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range .Values.secrets }}
      - secret:
          name: {{ tpl .existingSecret $ }}
          items:
            {{- range $name, $key := .keys }}
            - key: {{ $key }}
              path: {{ $name }}
            {{- end }}
      {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end }}

{{- define "service.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.secrets }}
- name: secrets
  mountPath: /run/secrets/regulars
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end }}
