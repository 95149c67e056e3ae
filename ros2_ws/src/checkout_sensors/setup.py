"""Install checkout_sensors."""

from glob import glob

from setuptools import find_packages, setup

package = 'checkout_sensors'

setup(
    name=package,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package]),
        ('share/' + package, ['package.xml', 'README.md']),
        ('share/' + package + '/config', glob('config/*.yaml')),
    ],
    install_requires=['setuptools'],
    zip_safe=False,
    maintainer='Smart checkout maintainers',
    maintainer_email='maintainers@smart-checkout.example',
    description='Camera node of the smart checkout with its live sources: USB, CSI, RTSP, video files, photographs.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            'camera_node = checkout_sensors.ros.camera_node:main',
        ],
    },
)
