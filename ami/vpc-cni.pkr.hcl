# Bakes an image whose nodes need nothing from the network before their first pod. All the work is in one call of
# "vpc-cni install --stage image"; this file only brings the release there and looks at the result. See README.md.

packer {
  required_version = ">= 1.6.6"
}

variable "executable" {
  type        = string
  description = "The built executable for the architecture of the image, such as dist/vpc-cni-linux-x64."

  validation {
    condition     = length(var.executable) > 0
    error_message = "The executable is the path of a built vpc-cni."
  }
}

variable "os" {
  type        = string
  default     = "amazon-linux-2023"
  description = "System of the image: amazon-linux-2023, ubuntu-22.04 or ubuntu-24.04."

  validation {
    condition     = contains(["amazon-linux-2023", "ubuntu-22.04", "ubuntu-24.04"], var.os)
    error_message = "The os is one of amazon-linux-2023, ubuntu-22.04, ubuntu-24.04."
  }
}

variable "arch" {
  type        = string
  default     = "x86_64"
  description = "Architecture of the image: x86_64 or arm64."

  validation {
    condition     = contains(["x86_64", "arm64"], var.arch)
    error_message = "The arch is one of x86_64, arm64."
  }
}

variable "plugins" {
  type        = string
  default     = ""
  description = "A .tgz of the containernetworking release to take the stock plugins from; nothing means the system's package."
}

variable "plugins_checksum" {
  type        = string
  default     = ""
  description = "What the .tgz must be: sha256:HEX or sha512:HEX."

  validation {
    condition     = contains(["0", "sha256:71", "sha512:135"], format("%s%d", substr(var.plugins_checksum, 0, 7), length(var.plugins_checksum)))
    error_message = "The plugins_checksum is sha256: with 64 or sha512: with 128 hexadecimal digits."
  }
}

variable "region" {
  type        = string
  default     = "us-east-1"
  description = "Region to build in."
}

variable "ami_name" {
  type        = string
  default     = "vpc-cni-node"
  description = "First part of the image's name; system, architecture and time follow."

  validation {
    condition     = length(var.ami_name) >= 3 && length(var.ami_name) <= 64
    error_message = "The ami_name is 3 to 64 characters: system, architecture and time must fit behind it."
  }
}

variable "ami_users" {
  type        = list(string)
  default     = []
  description = "Accounts that may launch the image."
}

variable "ami_regions" {
  type        = list(string)
  default     = []
  description = "Regions to copy the image to."
}

variable "source_ami_name" {
  type        = string
  default     = ""
  description = "Name, with * for any text, of another image to start from, such as amazon-eks-node-al2023-x86_64-standard-1.35-*; the newest counts."
}

variable "source_ami_owner" {
  type        = string
  default     = ""
  description = "Account that owns it: a number, amazon or self."
}

variable "instance_type" {
  type        = string
  default     = ""
  description = "Instance to build on; nothing means t3.small or t4g.small."
}

variable "subnet_id" {
  type        = string
  default     = ""
  description = "Subnet to build in; nothing means the default VPC."
}

variable "volume_size" {
  type        = number
  default     = 10
  description = "GiB of the root volume."

  validation {
    condition     = var.volume_size >= 8
    error_message = "The volume_size is 8 GiB or more: no image of these systems fits into less."
  }
}

variable "encrypt" {
  type        = bool
  default     = true
  description = "Whether the volume is encrypted; an encrypted image cannot be shared with ami_users unless the key is."
}

variable "kms_key_id" {
  type        = string
  default     = ""
  description = "Key of the encryption; nothing means the account's own for EBS."
}

locals {
  debian_arch = var.arch == "arm64" ? "arm64" : "amd64"
  ubuntu = {
    owner  = "099720109477"
    user   = "ubuntu"
    device = "/dev/sda1"
    plugins = join(" && ", [
      "sudo apt-get -q update",
      "sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends containernetworking-plugins nftables",
    ])
  }
  systems = {
    "amazon-linux-2023" = {
      owner   = "137112412989"
      name    = "al2023-ami-2023.*-${var.arch}"
      user    = "ec2-user"
      device  = "/dev/xvda"
      plugins = "sudo dnf install -y -q cni-plugins nftables"
    }
    "ubuntu-22.04" = merge(local.ubuntu, { name = "ubuntu/images/hvm-ssd*/ubuntu-jammy-22.04-${local.debian_arch}-server-*" })
    "ubuntu-24.04" = merge(local.ubuntu, { name = "ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-${local.debian_arch}-server-*" })
  }
  system = local.systems[var.os]
  # Where the release waits for its installation; gone when the image is made.
  upload     = "/tmp/vpc-cni-release"
  executable = "${local.upload}/${basename(var.executable)}"
  install = join(" ", compact([
    "sudo ${local.executable} install --stage image",
    var.plugins == "" ? "" : "--plugins ${local.upload}/${basename(var.plugins)}",
    var.plugins_checksum == "" ? "" : "--plugins-checksum ${var.plugins_checksum}",
  ]))
}

source "amazon-ebs" "node" {
  ami_name        = "${var.ami_name}-${var.os}-${var.arch}-{{timestamp}}"
  ami_description = "Node whose pods get addresses of the VPC from the host (vpc-cni)"
  ami_users       = var.ami_users
  ami_regions     = var.ami_regions
  region          = var.region
  subnet_id       = var.subnet_id
  instance_type   = var.instance_type != "" ? var.instance_type : var.arch == "arm64" ? "t4g.small" : "t3.small"
  ena_support     = true
  encrypt_boot    = var.encrypt
  kms_key_id      = var.kms_key_id

  ssh_username              = local.system.user
  ssh_clear_authorized_keys = true

  source_ami_filter {
    filters = {
      name                = var.source_ami_name != "" ? var.source_ami_name : local.system.name
      architecture        = var.arch
      root-device-type    = "ebs"
      virtualization-type = "hvm"
    }
    owners      = [var.source_ami_owner != "" ? var.source_ami_owner : local.system.owner]
    most_recent = true
  }

  launch_block_device_mappings {
    device_name           = local.system.device
    volume_type           = "gp3"
    volume_size           = var.volume_size
    iops                  = 3000
    throughput            = 125
    delete_on_termination = true
  }

  tags = {
    Name       = "${var.ami_name}-${var.os}-${var.arch}"
    source_ami = "{{ .SourceAMI }}"
  }
}

build {
  sources = ["source.amazon-ebs.node"]

  provisioner "shell" {
    inline = ["install -d -m 0700 ${local.upload}"]
  }

  provisioner "file" {
    sources     = compact([var.executable, var.plugins, "${path.root}/check-image.sh"])
    destination = "${local.upload}/"
  }

  provisioner "shell" {
    inline = compact([
      "set -e",
      var.plugins == "" ? local.system.plugins : "",
      "chmod 0755 ${local.executable}",
      local.install,
      # Emptied, not removed: without the file, or with "uninitialized" in it (cloud-init clean --machine-id), systemd takes the
      # first start for a first boot, sets every unit to its preset and may so disable ours.
      "sudo cloud-init clean --logs",
      "sudo truncate --size 0 /etc/machine-id",
      "sudo rm -f /etc/ssh/ssh_host_*",
      "sudo sh ${local.upload}/check-image.sh",
      "rm -r ${local.upload}",
    ])
  }
}
