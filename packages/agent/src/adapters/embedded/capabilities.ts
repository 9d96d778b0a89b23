/** What the embedded hypervisor says of itself in libvirt's capabilities format: one x86_64 host that runs every type. */
export const embeddedCapabilitiesXml = `<capabilities>
  <host>
    <uuid>00000000-0000-4000-8000-000000000000</uuid>
    <cpu><arch>x86_64</arch></cpu>
  </host>
  <guest>
    <os_type>hvm</os_type>
    <arch name='x86_64'>
      <wordsize>64</wordsize>
      <emulator>/usr/bin/qemu-system-x86_64</emulator>
      <machine maxCpus='255'>pc-i440fx-7.2</machine>
      <machine canonical='pc-i440fx-7.2' maxCpus='255'>pc</machine>
      <machine maxCpus='288'>pc-q35-7.2</machine>
      <machine canonical='pc-q35-7.2' maxCpus='288'>q35</machine>
      <domain type='test'/>
      <domain type='qemu'/>
      <domain type='kvm'/>
      <domain type='xen'/>
      <domain type='vmware'/>
      <domain type='vbox'/>
    </arch>
    <features><acpi default='on' toggle='yes'/><apic default='on' toggle='no'/></features>
  </guest>
</capabilities>
`;
